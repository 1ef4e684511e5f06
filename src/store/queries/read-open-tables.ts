import type { Queryable } from "../database.ts";

const sql = `
  select c.relname::text as name
  from uptake_adoption o
  join pg_class c on c.relname = o.name and c.relnamespace = 'public'::regnamespace
  where o.kind = 'table' and not c.relrowsecurity
  order by 1
`;

/** Our tables in an adopted database that everybody with a grant may read, since their row-level security is off. */
export async function readOpenTables(db: Queryable): Promise<readonly string[]> {
  return (await db.query<{ name: string }>(sql)).map(({ name }) => name);
}
