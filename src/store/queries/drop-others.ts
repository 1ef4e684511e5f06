import type { Queryable } from "../database.ts";

const sql = "select uptake_drop_others($1, $2) as count";

/** Deletes suggestions made before this day that lie in no month's partition; resolves to how many. */
export async function dropOthers(db: Queryable, before: string, limit: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(sql, [before, limit]);
  return row?.count ?? 0;
}
