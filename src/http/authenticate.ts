import type { Context } from "hono";
import type { Scope } from "../domain/api-key.ts";
import { UptakeError } from "../domain/errors.ts";
import type { KeyCheck, KeyPair } from "../service/check-api-keys.ts";
import type { FeedbackTokens } from "../service/feedback-tokens.ts";
import type { Sessions } from "../service/sessions.ts";
import { type Authenticate, type Caller, openTo } from "./caller.ts";
import { sessionTokenOf } from "./session-cookie.ts";

export type AuthenticateDependencies = {
  readonly keys: KeyCheck;
  readonly tokens: Pick<FeedbackTokens, "read">;
  readonly sessions: Pick<Sessions, "ownerOf">;
  /**
   * The project that everybody may use as long as there has never been a key; null where others than this machine can come
   * in, then nobody may.
   */
  readonly openProjectId: string | null;
};

const CREDENTIALS = /^(?<scheme>Basic|Bearer) +(?<text>[\w+/=.:~-]{1,500})$/iu;
const TOKEN_SCOPES: ReadonlySet<Scope> = new Set(["feedback"]);

/** Knows API keys (`Basic`, or `Bearer pk:sk`) feedback tokens (`Bearer`) and the cookie of the dashboard. What is wrong is not said: that would help to guess. */
export function createAuthenticate({ keys, tokens, sessions, openProjectId }: AuthenticateDependencies): Authenticate {
  const open = openProjectId === null ? null : openTo(openProjectId);

  async function callerOf(header: string): Promise<Caller | undefined> {
    const { scheme = "", text = "" } = CREDENTIALS.exec(header)?.groups ?? {};
    const isBasic = scheme.toLowerCase() === "basic";
    const pair = pairOf(isBasic ? Buffer.from(text, "base64").toString() : text);
    if (pair !== undefined) {
      const owner = await keys.ownerOf(pair);
      return owner && { ...owner, suggestionId: null, rateKey: owner.publicKey };
    }
    const subject = isBasic ? undefined : tokens.read(text);
    return subject && { ...subject, scopes: TOKEN_SCOPES, rateKey: subject.suggestionId };
  }

  async function signedIn(context: Context): Promise<Caller | undefined> {
    const token = sessionTokenOf(context);
    const owner = token === undefined ? undefined : await sessions.ownerOf(token);
    return owner && { ...owner, suggestionId: null, rateKey: `session ${owner.publicKey}` };
  }

  return async (context) => {
    const header = context.req.header("authorization");
    if (header === undefined) {
      const person = await signedIn(context);
      if (person !== undefined) return person;
      if (open !== null && !(await keys.hasKeys())) return open(context);
      throw unauthorized(
        "no credentials; expected an API key as user name pk-up-… and password sk-up-…, or a feedback token",
      );
    }
    const caller = await callerOf(header);
    if (caller === undefined) throw unauthorized("these credentials are not known, or not any more");
    return caller;
  };
}

function pairOf(text: string): KeyPair | undefined {
  const at = text.indexOf(":");
  return at === -1 ? undefined : { publicKey: text.slice(0, at), secretKey: text.slice(at + 1) };
}

const unauthorized = (message: string): UptakeError => new UptakeError("unauthorized", message);
