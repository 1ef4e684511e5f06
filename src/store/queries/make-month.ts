import type { Queryable } from "../database.ts";

export const PARTITIONED_TABLES = ["ai_suggestions", "ai_traces"] as const;
export type PartitionedTable = (typeof PARTITIONED_TABLES)[number];

const sql = "select uptake_make_month($1, $2) as result";

/** Makes the partition of the month (its first day). `crowded`: too many of its rows are in the default partition. */
export async function makeMonth(
  tx: Queryable,
  table: PartitionedTable,
  month: string,
): Promise<"made" | "there" | "crowded"> {
  const [row] = await tx.query<{ result: "made" | "there" | "crowded" }>(sql, [table, month]);
  return row?.result ?? "there";
}
