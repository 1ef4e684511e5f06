import type { Queryable } from "../database.ts";

const sql = `select pg_snapshot_xmin(pg_current_snapshot())::text::numeric <= $1::numeric as older`;

/** Whether a transaction that writes, and began before the one of this id was committed, is still open. */
export async function hasOlderWriters(db: Queryable, xid: string): Promise<boolean> {
  const [row] = await db.query<{ older: boolean }>(sql, [xid]);
  return row?.older === true;
}
