import type { Database } from "../../src/store/database.ts";
import { createAuthenticate } from "../../src/http/authenticate.ts";
import { createKeyCheck } from "../../src/service/check-api-keys.ts";
import { createFeedbackTokens, type FeedbackTokens } from "../../src/service/feedback-tokens.ts";
import { createApiKey } from "../../src/service/manage-api-keys.ts";
import { createSessions } from "../../src/service/sessions.ts";
import type { NewApiKey, Scope } from "../../src/domain/api-key.ts";
import { type ApiRig, openApi, type RigOptions } from "./api-rig.ts";

export const SECRET = "a-secret-of-the-tests-that-is-long-enough";

export type SecuredRig = ApiRig & { readonly tokens: FeedbackTokens };

/** The app with keys and tokens, as `serve` puts it together; what the database says is asked each time. */
export function openSecured(
  db: Database,
  options: RigOptions & { readonly openProjectId?: string | null } = {},
): SecuredRig {
  const tokens = createFeedbackTokens({ secrets: [SECRET], lifetimeMs: 60_000, now: Date.now });
  const keys = createKeyCheck({ db, now: Date.now, keepMs: 0 });
  const sessions = createSessions({ db, keys, now: Date.now, keepMs: 0 });
  const authenticate = createAuthenticate({ keys, tokens, sessions, openProjectId: options.openProjectId ?? null });
  const admission = { authenticate, admit: () => Promise.resolve() };
  return { ...openApi(db, { admission, sessions, secrets: [SECRET], ...options }), tokens };
}

export const makeKey = (db: Database, projectId: string, scopes: readonly Scope[]): Promise<NewApiKey> =>
  createApiKey(db, { projectId, scopes, name: "" });

export const basic = ({ publicKey, secretKey }: { readonly publicKey: string; readonly secretKey: string }) => ({
  authorization: `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`,
});

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
