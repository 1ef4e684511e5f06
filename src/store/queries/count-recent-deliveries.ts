import type { Queryable } from "../database.ts";

const sql = `
  select count(*) as count
  from langfuse_deliveries
  where delivered_at > now() - interval '1 minute'
`;

/** Messages that were delivered within the last 60 seconds, by the database's clock. */
export async function countRecentDeliveries(db: Queryable): Promise<number> {
  const [row] = await db.query<{ count: number }>(sql);
  return row?.count ?? 0;
}
