import type { Queryable } from "../database.ts";
import type { PartitionedTable } from "./make-month.ts";

const sql = "select uptake_remove_month($1, $2)";

/** Takes away the partition of the month (its first day) if it is empty. */
export async function removeMonth(tx: Queryable, table: PartitionedTable, month: string): Promise<void> {
  await tx.query(sql, [table, month]);
}
