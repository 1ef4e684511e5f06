import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { migrate, readMigrations } from "../../src/store/migrate.ts";
import { migrationScript, migrationsIn, tablesIn } from "../../src/store/migration-script.ts";
import { openTestPostgres } from "../support/databases.ts";
import { describeSchema } from "../support/describe-schema.ts";

const committed = readFileSync(new URL("../schema.sql", import.meta.url), "utf8");
const names = readMigrations().map(({ name }) => name);
const nothing: ReadonlySet<string> = new Set();

async function emptyPostgres(): Promise<Database> {
  const opened = await openTestPostgres({ migrated: false });
  onTestFinished(() => opened.drop());
  return opened.db;
}

/** Several statements in one query are one transaction, as those of a Supabase migration are. */
const apply = (db: Database, sql: string) => db.query(sql);

describe("the migrations as a script", () => {
  it.each([false, true])(
    "make what migrate makes, which then has nothing to do (public exposed: %s)",
    async (isPublicExposed) => {
      const db = await emptyPostgres();
      const script = migrationScript({ without: nothing, isPublicExposed });
      expect(script.names).toEqual(names);
      await apply(db, script.sql);
      expect(await migrate(db)).toEqual({ applied: [], version: names.length });
      expect(await describeSchema(db)).toBe(committed);
    },
  );

  it("can be told apart, and continued by one with the rest", async () => {
    const db = await emptyPostgres();
    const [older, newer] = [names.slice(0, 8), names.slice(8)];
    const first = migrationScript({ without: new Set(newer), isPublicExposed: true });
    await apply(db, first.sql);
    expect(migrationsIn(first.sql.replaceAll("\n", "\r\n"))).toEqual(older);
    const second = migrationScript({ without: new Set(migrationsIn(first.sql)), isPublicExposed: true });
    expect(second.names).toEqual(newer);
    await apply(db, second.sql);
    expect(await migrate(db)).toEqual({ applied: [], version: names.length });
    expect(migrationScript({ without: new Set(names), isPublicExposed: true })).toEqual({ names: [], sql: "" });
  });

  it("leave nothing behind where they fail", async () => {
    const db = await emptyPostgres();
    await db.query("create table api_keys (id integer)");
    await expect(apply(db, migrationScript({ without: nothing, isPublicExposed: true }).sql)).rejects.toThrow(
      /api_keys/u,
    );
    const [found] = await db.query<{ ledger: string | null }>(
      "select to_regclass('schema_migrations')::text as ledger",
    );
    expect(found?.ledger).toBeNull();
  });
});

describe("where people reach the schema public, as on Supabase", () => {
  it("nothing of ours is read, written or called by them, while who owns it goes on tracking", async () => {
    const db = await emptyPostgres();
    // The roles are the server's, so they may be there from a test before; the privileges are those Supabase gives.
    await db.query(`do $$ begin
      if not exists (select from pg_roles where rolname = 'anon') then create role anon nologin; end if;
      end $$;
      grant usage on schema public to anon;
      alter default privileges in schema public grant all on tables to anon;
      alter default privileges in schema public grant execute on functions to anon`);
    onTestFinished(() => db.query("drop owned by anon").then(() => {}));
    await apply(db, migrationScript({ without: nothing, isPublicExposed: true }).sql);
    await db.query(`insert into ai_suggestions (ticket_id, suggested_response, status, function_name, confidence_score)
      values ('1', 'A refund takes five days.', 'completed', 'draft-reply', 0.9)`);
    const objects = await db.query<{ name: string; kind: string }>(
      "select relname::text as name, relkind::text as kind from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')",
    );
    expect(objects.length).toBeGreaterThan(25);
    expect(objects.map(({ kind }) => kind)).toContain("v");
    const counts = await db.transaction(async (tx) => {
      await tx.query("set local role anon");
      const seen: Record<string, number> = {};
      for (const { name } of objects) {
        const [row] = await tx.query<{ count: number }>(`select count(*)::integer as count from ${name}`);
        if (row?.count !== 0) seen[name] = row?.count ?? -1;
      }
      return seen;
    });
    expect(counts).toEqual({});
    const insert = db.transaction(async (tx) => {
      await tx.query("set local role anon");
      await tx.query("insert into ai_suggestions (ticket_id, suggested_response) values ('1', 'from nobody')");
    });
    await expect(insert).rejects.toThrow(/row-level security/u);
    const callable = await db.query<{ name: string }>(
      `select proname::text as name from pg_proc
       where pronamespace = 'public'::regnamespace and has_function_privilege('anon', oid, 'execute')`,
    );
    expect(callable).toEqual([]);
    const [row] = await db.query<{ count: number }>("select count(*)::integer as count from langfuse_outbox");
    expect(row?.count).toBe(1);
  });
});

describe("the tables that a text makes", () => {
  it("are found however their names are written", () => {
    const sql = `create table a (id int);
CREATE TABLE IF NOT EXISTS public.b (id int);
  create table "public"."C" (id int);
-- create table not_this (id int);
create table other.d (id int);`;
    expect(tablesIn(sql)).toEqual(["a", "b", "c"]);
  });
});
