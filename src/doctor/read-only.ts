import type { Database, Queryable } from "../store/database.ts";

/** The same database, in which nothing can be written and no statement takes longer than that. */
export function readOnly(db: Database, statementTimeoutMs: number): Database {
  const transaction = <T>(callback: (tx: Queryable) => Promise<T>): Promise<T> =>
    db.transaction(async (tx) => {
      await tx.query("set transaction read only");
      await tx.query("select set_config('statement_timeout', $1, true)", [String(statementTimeoutMs)]);
      return callback(tx);
    });
  return { ...db, transaction, query: (text, values) => transaction((tx) => tx.query(text, values)) };
}
