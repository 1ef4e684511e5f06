import type { Queryable } from "../database.ts";

const sql = "insert into rollup_checks (slot) values ($1) on conflict do nothing returning slot";

/** Takes the check of this slot; false where another worker has it. */
export async function claimCheck(db: Queryable, slot: Date): Promise<boolean> {
  return (await db.query(sql, [slot])).length > 0;
}
