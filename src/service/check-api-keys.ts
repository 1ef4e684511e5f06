import { timingSafeEqual } from "node:crypto";
import type { Scope } from "../domain/api-key.ts";
import type { Queryable } from "../store/database.ts";
import { countApiKeys } from "../store/queries/count-api-keys.ts";
import { findApiKey, type StoredApiKey } from "../store/queries/find-api-key.ts";
import { createKeptAnswers } from "./kept-answers.ts";
import { hashOf } from "./manage-api-keys.ts";

export type KeyPair = { readonly publicKey: string; readonly secretKey: string };
export type KeyOwner = { readonly publicKey: string; readonly projectId: string; readonly scopes: ReadonlySet<Scope> };

export type KeyCheck = {
  /** Whose pair it is; undefined where it is unknown, wrong, revoked or expired, and nobody is told which. */
  ownerOf(pair: KeyPair): Promise<KeyOwner | undefined>;
  /** Whether there has ever been a key. */
  hasKeys(): Promise<boolean>;
};

export type KeyCheckOptions = {
  readonly db: Queryable;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long an answer of the database stands: a key that was revoked is taken so much longer at most. */
  readonly keepMs?: number;
  /** Told of every use of a key that is taken. */
  readonly onUsed?: (publicKey: string) => void;
};

const KEEP_MS = 2_000;

const PUBLIC_KEY = /^pk-up-[\w-]{16}$/u;
/** Stands in for a key that is not there, so that it takes as long to find it wrong. */
const NOBODYS_HASH = hashOf("nobody's");

/** Checks pairs of keys against the database, which it asks once in two seconds for each. */
export function createKeyCheck({ db, now, keepMs = KEEP_MS, onUsed }: KeyCheckOptions): KeyCheck {
  const kept = createKeptAnswers({ ask: (publicKey) => findApiKey(db, publicKey), now, keepMs });
  let isAny = false;
  let lookAgainAt = 0;

  return {
    async ownerOf({ publicKey, secretKey }) {
      const key = PUBLIC_KEY.test(publicKey) ? await kept.of(publicKey) : undefined;
      const isRight = isEqual(hashOf(secretKey), key?.secretSha256 ?? NOBODYS_HASH);
      if (key === undefined || !isRight || !isTaken(key, now())) return undefined;
      onUsed?.(publicKey);
      return { publicKey, projectId: key.projectId, scopes: new Set(key.scopes) };
    },
    async hasKeys() {
      if (isAny || now() < lookAgainAt) return isAny;
      isAny = (await countApiKeys(db)).count > 0;
      lookAgainAt = now() + keepMs;
      return isAny;
    },
  };
}

const isEqual = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));

const isTaken = ({ revokedAt, expiresAt }: StoredApiKey, now: number): boolean =>
  revokedAt === null && (expiresAt === null || now < expiresAt.getTime());
