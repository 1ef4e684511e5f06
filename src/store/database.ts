/** Something SQL can be sent to: a database or a transaction on it. */
export type Queryable = {
  /**
   * Sends one statement with numbered parameters (`$1`); resolves to its rows. Row types are the same on every
   * adapter: `bigint` and `numeric` are numbers, `timestamptz` is a Date, `jsonb` is parsed, arrays are arrays.
   */
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
};

/** The port to Postgres. Two adapters: `openEmbedded` (PGlite in a worker thread) and `openPostgres` (`pg`). */
export type Database = Queryable & {
  readonly kind: "embedded" | "postgres";
  /** Commits what the callback did, or rolls all of it back if it throws. The only way to a transaction. */
  transaction<T>(callback: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Calls back on every notification of the channel, also after a reconnect; resolves to a function that stops. */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
  /** Closes once; called again it returns the same promise. */
  close(): Promise<void>;
};
