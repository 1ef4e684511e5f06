import type { Queryable } from "../database.ts";

const sql = `
  delete from langfuse_outbox
  where id = any ($1::bigint[]) and locked_by = $2
`;

/** Takes messages out of the outbox whose row is deleted: there is nothing left to deliver, so nothing for the ledger. */
export async function settleGone(db: Queryable, token: string, ids: readonly number[]): Promise<void> {
  await db.query(sql, [ids, token]);
}
