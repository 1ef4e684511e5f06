import type { Queryable } from "../../store/database.ts";

const sql = `
  insert into kb_articles (id, project_id, title, content)
  select a.id, $2, a.title, a.content
  from jsonb_to_recordset($1::jsonb) as a (id text, title text, content text)
  on conflict (id) do update set title = excluded.title, content = excluded.content
  where kb_articles.project_id = excluded.project_id
    and (kb_articles.title, kb_articles.content) is distinct from (excluded.title, excluded.content)
  returning id
`;

export type ArticleRow = { readonly id: string; readonly title: string; readonly content: string };

/** Writes articles by their id; resolves to how many were new or changed. Ids must not repeat within one call. */
export async function upsertArticles(
  db: Queryable,
  { articles, projectId }: { articles: readonly ArticleRow[]; projectId: string },
): Promise<number> {
  return (await db.query<{ id: string }>(sql, [JSON.stringify(articles), projectId])).length;
}
