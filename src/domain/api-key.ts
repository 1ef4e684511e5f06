/** What a key may do: record suggestions; report what people did; look; all of it, and what a project's owner does. */
export const SCOPES = ["write", "feedback", "read", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** What there is to know of a key; its secret is known to whoever has it and to nobody else. */
export type ApiKeyFacts = {
  readonly publicKey: string;
  readonly projectId: string;
  readonly scopes: readonly Scope[];
  /** What a person calls it; may be empty. */
  readonly name: string;
  readonly createdAt: Date;
  /** Not taken from then on; null: always. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** To the minute; null: never. */
  readonly lastUsedAt: Date | null;
};

/** A key that was just made: the only time that its secret is there to be read. */
export type NewApiKey = {
  readonly publicKey: string;
  readonly secretKey: string;
  readonly projectId: string;
  readonly scopes: readonly Scope[];
  readonly name: string;
};
