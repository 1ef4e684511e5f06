/** What the main thread asks of the embedded database's worker thread. `session` null is autocommit. */
export type EmbeddedRequest =
  | { readonly kind: "open"; readonly dataDir: string }
  | {
      readonly kind: "query";
      readonly session: number | null;
      readonly text: string;
      readonly values: readonly unknown[];
    }
  | { readonly kind: "begin" | "commit" | "rollback"; readonly session: number }
  | { readonly kind: "listen"; readonly listener: number; readonly channel: string }
  | { readonly kind: "unlisten"; readonly listener: number }
  | { readonly kind: "close" };

export type NumberedRequest = EmbeddedRequest & { readonly id: number };

/** An error as it crosses the thread: `fields` is null for anything that Postgres itself did not say. */
export type WireError = {
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: Readonly<Record<string, string>> | null;
};

export type EmbeddedReply =
  | { readonly kind: "rows"; readonly id: number; readonly rows: readonly unknown[] }
  | { readonly kind: "error"; readonly id: number; readonly error: WireError }
  | { readonly kind: "notify"; readonly listener: number; readonly payload: string };
