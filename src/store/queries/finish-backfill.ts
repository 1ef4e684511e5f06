import type { Queryable } from "../database.ts";

const sql = "delete from rollup_backfills where from_hour = $1 and to_hour = $2";

/** Forgets the backfill of these hours: the next one starts anew. */
export async function finishBackfill(db: Queryable, fromHour: number, toHour: number): Promise<void> {
  await db.query(sql, [fromHour, toHour]);
}
