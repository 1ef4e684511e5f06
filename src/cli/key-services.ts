import type { ApiKeyFacts, NewApiKey, Scope } from "../domain/api-key.ts";

/** What the `uptake keys` commands do. */
export type KeyServices = {
  create(wish: {
    readonly projectId: string;
    readonly scopes: readonly Scope[];
    readonly name: string;
  }): Promise<NewApiKey>;
  list(): Promise<readonly ApiKeyFacts[]>;
  /** Ends a key at once; rejects with `not_found` where there is none. */
  revoke(publicKey: string): Promise<void>;
  /** A new pair in place of an old one, which is taken for `graceMs` more. */
  rotate(publicKey: string, graceMs: number): Promise<NewApiKey>;
};
