import type { Queryable } from "../database.ts";

const sql = "update rollup_checks set finished_at = now(), difference_count = $2 where slot = $1";

/** Notes what the check of this slot has found. */
export async function finishCheck(db: Queryable, slot: Date, differenceCount: number): Promise<void> {
  await db.query(sql, [slot, differenceCount]);
}
