import type { Queryable } from "../../store/database.ts";
import type { ArticleRow } from "./upsert-articles.ts";

const sql = `
  select id, title, content from kb_articles where project_id = $1 order by id
`;

/** All knowledge articles of a project. */
export const readArticles = (db: Queryable, projectId: string): Promise<readonly ArticleRow[]> =>
  db.query<ArticleRow>(sql, [projectId]);
