import type { Queryable } from "../database.ts";

const sql = "select uptake_remove_month($1)";

/** Takes away those partitions of the month (its first day) that are empty. */
export async function removeMonth(tx: Queryable, month: string): Promise<void> {
  await tx.query(sql, [month]);
}
