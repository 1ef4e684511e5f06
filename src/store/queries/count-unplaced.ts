import type { Queryable } from "../database.ts";

const sql = `
  select 'ai_suggestions_other' as "table", (select count(*) from (select from ai_suggestions_other limit $1) x) as count
  union all
  select 'ai_traces_other', (select count(*) from (select from ai_traces_other limit $1) x)
`;

/** Rows of partitioned tables that have no month of their own, up to `limit` each. */
export const countUnplaced = (
  db: Queryable,
  limit: number,
): Promise<readonly { readonly table: string; readonly count: number }[]> => db.query(sql, [limit]);
