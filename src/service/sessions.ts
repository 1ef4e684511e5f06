import { randomBytes } from "node:crypto";
import { HOUR_MS } from "../domain/durations.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Queryable } from "../store/database.ts";
import { deleteSession, findSession, insertSession } from "../store/queries/sessions.ts";
import type { KeyCheck, KeyOwner, KeyPair } from "./check-api-keys.ts";
import { createKeptAnswers } from "./kept-answers.ts";
import { hashOf } from "./manage-api-keys.ts";

export type NewSession = { readonly token: string; readonly lifetimeMs: number };

/** Who is signed in to the dashboard. A session may do what its key may, and ends with it. */
export type Sessions = {
  /** Begins a session. Throws `unauthorized` for a pair that is not taken, `forbidden` for one that may not look. */
  begin(pair: KeyPair): Promise<NewSession>;
  /** Whose session it is; undefined where it has ended. */
  ownerOf(token: string): Promise<KeyOwner | undefined>;
  end(token: string): Promise<void>;
};

export type SessionsOptions = {
  readonly db: Queryable;
  readonly keys: Pick<KeyCheck, "ownerOf">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long an answer of the database stands: a session that ended elsewhere is taken so much longer at most. */
  readonly keepMs?: number;
  readonly lifetimeMs?: number;
};

const KEEP_MS = 2_000;
/** A working day. */
const LIFETIME_MS = 12 * HOUR_MS;
const TOKEN = /^[\w-]{43}$/u;

/** Sessions in the database, so that every process that shares it knows them, and signing out ends them everywhere. */
export function createSessions(options: SessionsOptions): Sessions {
  const { db, keys, now, keepMs = KEEP_MS, lifetimeMs = LIFETIME_MS } = options;
  const kept = createKeptAnswers({ ask: (tokenSha256) => findSession(db, tokenSha256), now, keepMs });
  return {
    async begin(pair) {
      const owner = await keys.ownerOf(pair);
      if (owner === undefined) throw new UptakeError("unauthorized", "this key is not known, or not any more");
      if (!owner.scopes.has("read") && !owner.scopes.has("admin")) {
        throw new UptakeError(
          "forbidden",
          'this key may not look; sign in with one that has the scope "read" or "admin": uptake keys create --scopes read',
        );
      }
      const token = randomBytes(32).toString("base64url");
      await insertSession(db, { tokenSha256: hashOf(token), publicKey: owner.publicKey, lifetimeMs });
      return { token, lifetimeMs };
    },
    async ownerOf(token) {
      const found = TOKEN.test(token) ? await kept.of(hashOf(token)) : undefined;
      if (found === undefined || found.expiresAt.getTime() <= now()) return undefined;
      return { publicKey: found.publicKey, projectId: found.projectId, scopes: new Set(found.scopes) };
    },
    async end(token) {
      await deleteSession(db, hashOf(token));
      kept.forget(hashOf(token));
    },
  };
}
