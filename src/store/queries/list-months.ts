import type { Queryable } from "../database.ts";

const sql = `
  select distinct to_char(to_date(right(c.relname, 7), 'YYYY_MM'), 'YYYY-MM-DD') as month
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  where i.inhparent in ('ai_suggestions'::regclass, 'ai_traces'::regclass) and c.relname ~ '_\\d{4}_\\d{2}$'
  order by 1
`;

/** The months that have a partition, the oldest first, as their first days. */
export async function listMonths(db: Queryable): Promise<readonly string[]> {
  return (await db.query<{ month: string }>(sql)).map(({ month }) => month);
}
