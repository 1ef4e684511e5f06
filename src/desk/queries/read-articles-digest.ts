import type { Queryable } from "../../store/database.ts";

const sql = `
  select coalesce(md5(string_agg(md5(id) || md5(title) || md5(content), '' order by id)), '') as digest
  from kb_articles
  where project_id = $1
`;

/** A digest that changes whenever an article is added, changed or removed. */
export async function readArticlesDigest(db: Queryable, projectId: string): Promise<string> {
  const [row] = await db.query<{ digest: string }>(sql, [projectId]);
  return row?.digest ?? "";
}
