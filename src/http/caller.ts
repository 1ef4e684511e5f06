import type { Context } from "hono";

/** What a caller may do: record suggestions; report what people did; look; all of it, and what a project's owner does. */
export const SCOPES = ["write", "feedback", "read", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks, as far as it is known. */
export type Caller = {
  readonly projectId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The one suggestion that a feedback token is for; null for everybody else. */
  readonly suggestionId: string | null;
  /** Whose requests are counted together. */
  readonly rateKey: string;
};

/** Finds out who asks. Throws `unauthorized`. */
export type Authenticate = (context: Context) => Promise<Caller>;

/** Everybody who gets as far as here may do everything in one project. */
export const openTo = (projectId: string): Authenticate => {
  const caller: Caller = { projectId, scopes: new Set(SCOPES), suggestionId: null, rateKey: "open" };
  return () => Promise.resolve(caller);
};
