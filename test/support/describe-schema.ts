import type { Queryable } from "../../src/store/database.ts";

// Everything that the migrations make, as plain text from the catalogs, in an order that does not depend on the
// server's version or collation. Not constraints "not null", which Postgres 18 names and 15 does not.

const columns = `
select c.relname as "table", format('  %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
  case when a.attnotnull then ' not null' else '' end,
  case when a.attidentity <> '' then ' identity' when d.oid is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) else '' end
) as line
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'c') and not c.relispartition
order by c.relkind = 'c', c.relname::text collate "C", a.attnum`;

const constraints = `
select format('%s on %s: %s', n.conname, n.conrelid::regclass, pg_get_constraintdef(n.oid)) as line
from pg_constraint n
where n.connamespace = 'public'::regnamespace and n.contype <> 'n'`;

const indexes = `select indexdef as line from pg_indexes where schemaname = 'public'`;

const triggers = `
select pg_get_triggerdef(t.oid) as line
from pg_trigger t join pg_class c on c.oid = t.tgrelid
where not t.tgisinternal and c.relnamespace = 'public'::regnamespace`;

const functions = `
select pg_get_functiondef(oid) as line from pg_proc where pronamespace = 'public'::regnamespace`;

/** The schema `public` as text, one fact a line; equal texts mean equal schemas. */
export async function describeSchema(db: Queryable): Promise<string> {
  // Sorted here, since a server sorts by its own collation.
  const lines = async (sql: string): Promise<string[]> =>
    (await db.query<{ line: string }>(sql)).map(({ line }) => line.trimEnd()).sort();
  const tables: string[] = [];
  let current: string | undefined;
  for (const { table, line } of await db.query<{ table: string; line: string }>(columns)) {
    if (table !== current) tables.push(`\n${table}`);
    current = table;
    tables.push(line);
  }
  return [
    "-- The schema that the migrations produce, from the catalogs. Compared in test/store/schema.test.ts; written anew by",
    "-- UPDATE_SCHEMA=1 npx vitest run test/store/schema.test.ts",
    "\n-- Tables and types",
    ...tables,
    "\n-- Constraints\n",
    ...(await lines(constraints)),
    "\n-- Indexes\n",
    ...(await lines(indexes)),
    "\n-- Triggers\n",
    ...(await lines(triggers)),
    "\n-- Functions\n",
    (await lines(functions)).join("\n\n"),
    "",
  ].join("\n");
}
