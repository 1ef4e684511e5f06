import type { Queryable } from "../database.ts";

const sql = `
  select count(*) as count
  from langfuse_deliveries
  where delivered_at >= $1 and delivered_at < $2
`;

/** How many messages the ledger has as delivered from `from` (included) to `to` (excluded). */
export async function countDeliveries(
  db: Queryable,
  range: { readonly from: Date; readonly to: Date },
): Promise<number> {
  const [row] = await db.query<{ count: number }>(sql, [range.from.toISOString(), range.to.toISOString()]);
  return row?.count ?? 0;
}
