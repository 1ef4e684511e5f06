import type { Queryable } from "../database.ts";

const sql = "select exists (select from langfuse_left_out) as there";

/** Whether sampling has ever left anything out that is not in Langfuse yet. */
export async function anyLeftOut(db: Queryable): Promise<boolean> {
  const [row] = await db.query<{ there: boolean }>(sql);
  return row?.there ?? false;
}
