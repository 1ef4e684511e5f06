import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { Pool } from "pg";
import type { Queryable } from "../../src/store/database.ts";

// Takes the rows away and lets ids start at 1, in a twentieth of the time that a new database takes. What is small is deleted,
// because a truncated table gets new files; no trigger may have a say in it.
const EMPTY = `
do $$
declare
  item record;
  has_rows boolean;
begin
  set local session_replication_role = replica;
  for item in
    select oid::regclass as name, pg_relation_size(oid) > 1000000 as is_large from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'schema_migrations'
      and pg_relation_size(oid) > 0
  loop
    execute format('select exists (select from %s)', item.name) into has_rows;
    if has_rows and item.is_large then
      execute format('truncate %s cascade', item.name);
    elsif has_rows then
      execute format('delete from %s', item.name);
    end if;
  end loop;
  for item in
    select quote_ident(sequencename) as name from pg_sequences where schemaname = 'public' and last_value is not null
  loop
    execute format('alter sequence %s restart', item.name);
  end loop;
end
$$`;

// Whatever changes a schema leaves a row with another transaction id in a catalogue; a copy of a database has the ids of
// its template, and neither vacuum nor analyze changes them. Sequences are apart: to start one again is such a change.
const CATALOGUES = {
  pg_class: "oid >= 16384 and relkind <> 'S'",
  pg_attribute: "attrelid >= 16384",
  pg_attrdef: "true",
  pg_trigger: "true",
  pg_proc: "oid >= 16384",
  pg_constraint: "oid >= 16384",
  pg_policy: "true",
  pg_namespace: "nspname !~ '^pg_'",
  pg_extension: "true",
  pg_db_role_setting: "setdatabase = (select oid from pg_database where datname = current_database())",
  schema_migrations: "true",
};
const PRINT = `select concat_ws(' ', ${Object.entries(CATALOGUES)
  .map(
    ([name, which]) => `(select count(*) || ':' || coalesce(sum(xmin::text::bigint), 0) from ${name} where ${which})`,
  )
  .join(", ")}) as print`;

/** The same for two databases only if the schema of neither was touched since they were one. */
export async function printOf(db: Queryable): Promise<string> {
  const [row] = await db.query<{ print: string }>(PRINT);
  if (row === undefined) throw new Error("a schema without a description");
  return row.print;
}

/** Leaves every table empty and every sequence at its start, whatever was in them. */
export async function empty(db: Queryable): Promise<void> {
  await db.query(EMPTY);
}

/** In the server's own database, for all test files of a run. */
export const SHELF_TABLE = "create table databases_on_shelf (name text primary key, template text not null)";

/**
 * Databases that a test has left, for the next one on the same server. Whoever takes one sees that its schema is as it was and
 * empties it. What somebody is still connected to is dropped, and of `template1` nothing is kept.
 */
export type Shelf = {
  take(template: string): Promise<{ readonly name: string; readonly isNew: boolean }>;
  put(name: string, template: string): Promise<void>;
  drop(name: string): Promise<void>;
};

export function createShelf(serverUrl: string): Shelf {
  // Idle, it holds nobody back who wants to end.
  const server = new Pool({ connectionString: serverUrl, max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true });
  server.on("error", () => {}); // the server is stopped at the end of the run
  async function onServer<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await server.query<Row>(text, [...values]);
    return rows;
  }
  const drop = async (name: string): Promise<void> =>
    void (await onServer(`drop database if exists ${name} with (force)`));

  /** A connection that was closed is gone some milliseconds later. */
  async function isLeft(name: string): Promise<boolean> {
    for (let look = 0; look < 20; look += 1) {
      const connected = await onServer("select from pg_stat_activity where datname = $1", [name]);
      if (connected.length === 0) return true;
      await setTimeout(5);
    }
    return false;
  }

  return {
    drop,
    async take(template) {
      const [kept] = await onServer<{ name: string }>(
        `delete from databases_on_shelf where name = (
           select name from databases_on_shelf where template = $1 limit 1 for update skip locked
         ) returning name`,
        [template],
      );
      if (kept !== undefined) return { name: kept.name, isNew: false };
      const name = `test_${randomUUID().replaceAll("-", "")}`;
      await onServer(`create database ${name} template ${template}`);
      return { name, isNew: true };
    },
    async put(name, template) {
      if (template === "template1") return drop(name);
      if (!(await isLeft(name))) return drop(name);
      await onServer("insert into databases_on_shelf (name, template) values ($1, $2)", [name, template]);
    },
  };
}
