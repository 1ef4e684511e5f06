import { randomUUID } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { built, startChild } from "../support/child.ts";
import { openTestEmbedded, openTestPostgres } from "../support/databases.ts";

const own = new URL("../../src/store/migrations/", import.meta.url);
const ownNames = readdirSync(own)
  .map((file) => file.replace(/\.sql$/, ""))
  .sort();

/** A folder of migrations: the program's own ones if asked, then these. */
function migrationsFolder(extra: Readonly<Record<string, string>>, withOwn = false): URL {
  const folder = mkdtempSync(join(tmpdir(), "uptake-migrations-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (withOwn) for (const name of ownNames) copyFileSync(new URL(`${name}.sql`, own), join(folder, `${name}.sql`));
  for (const [name, sql] of Object.entries(extra)) writeFileSync(join(folder, `${name}.sql`), sql);
  return pathToFileURL(`${folder}/`);
}

async function openEmptyEmbedded(): Promise<Database> {
  const opened = await openTestEmbedded(); // to make one anew would take ten times as long
  onTestFinished(() => opened.drop());
  await opened.db.query("drop schema public cascade; create schema public");
  return opened.db;
}

async function openEmptyPostgres(): Promise<{ db: Database; url: string }> {
  const opened = await openTestPostgres({ migrated: false });
  onTestFinished(() => opened.drop());
  return opened;
}

const tableNames = async (db: Database): Promise<readonly string[]> => {
  const rows = await db.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
  );
  return rows.map(({ name }) => name);
};

const nextNumber = String(ownNames.length + 1).padStart(4, "0");

describe("a role that looks into another schema first", () => {
  it("is refused where that one hides a table of ours, and only there", async () => {
    const { db, url } = await openEmptyPostgres();
    const elsewhere = new URL(url);
    elsewhere.searchParams.set("options", "-c search_path=app,public");
    await db.query("create schema app; create table app.theirs (id integer)");
    const other = await openPostgres({ url: elsewhere.href });
    try {
      await migrate(other);
      await db.query("create table app.tickets (id integer)");
      await expect(migrate(other)).rejects.toMatchObject({
        code: "migration_failed",
        message: expect.stringMatching(
          /search path app,public .*tickets.*alter role \w+ set search_path = public/,
        ) as unknown,
      });
    } finally {
      await other.close();
    }
  });
});

describe("a role that may not make tables", () => {
  it("is told what to grant", async () => {
    const { db, url } = await openEmptyPostgres();
    const role = `poor_${randomUUID().slice(0, 8)}`;
    await db.query(`create role ${role} login`);
    const own = new URL(url);
    own.username = role;
    const poor = await openPostgres({ url: own.href });
    try {
      await expect(migrate(poor)).rejects.toMatchObject({
        code: "migration_failed",
        message: expect.stringMatching(
          `permission denied for schema public.*grant create on schema public to ${role}`,
        ) as unknown,
      });
    } finally {
      await poor.close();
      await db.query(`drop role ${role}`);
    }
  });
});

describe.each([
  { kind: "embedded", openEmpty: openEmptyEmbedded },
  { kind: "postgres", openEmpty: async () => (await openEmptyPostgres()).db },
])("migrate on $kind", ({ openEmpty }) => {
  it("goes from nothing to the newest version, and does nothing the second time", async () => {
    const db = await openEmpty();
    expect(await migrate(db)).toEqual({ applied: ownNames, version: ownNames.length });
    expect(await migrate(db)).toEqual({ applied: [], version: ownNames.length });
    expect(await db.query("select name from schema_migrations order by version")).toEqual(
      ownNames.map((name) => ({ name })),
    );

    const more = migrationsFolder(
      { [`${nextNumber}_later`]: "create table later (id integer); insert into later values (1)" },
      true,
    );
    expect(await migrate(db, { migrationsAt: more })).toEqual({
      applied: [`${nextNumber}_later`],
      version: ownNames.length + 1,
    });

    // What was newer to the program a moment ago is a newer database to the one before.
    await expect(migrate(db)).rejects.toMatchObject({
      code: "database_newer",
      facts: { databaseVersion: ownNames.length + 1, programVersion: ownNames.length },
      message: expect.stringMatching(
        /version \d+ \(\d+_later\).*up to \d+\. Upgrade uptake.*Nothing was changed/,
      ) as unknown,
    });
    expect(await db.query("select * from later")).toEqual([{ id: 1 }]);
  });

  it("leaves nothing of a migration that failed halfway, nor of those before it in the same run", async () => {
    const db = await openEmpty();
    const broken = migrationsFolder({
      "0001_fine": "create table fine (id integer)",
      "0002_broken": "create table half (id integer); insert into half values (1); select nonsense;",
    });
    await expect(migrate(db, { migrationsAt: broken })).rejects.toMatchObject({
      code: "migration_failed",
      facts: { migration: "0002_broken" },
      message: expect.stringMatching(/0002_broken: column "nonsense" does not exist.*as it was before/) as unknown,
    });
    expect(await tableNames(db)).toEqual([]);

    const mended = migrationsFolder({
      "0001_fine": "create table fine (id integer)",
      "0002_mended": "create table half (id integer)",
    });
    expect(await migrate(db, { migrationsAt: mended })).toMatchObject({ version: 2 });

    const edited = migrationsFolder({
      "0001_fine": "create table fine (id bigint)",
      "0002_mended": "create table half (id integer)",
    });
    await expect(migrate(db, { migrationsAt: edited })).rejects.toMatchObject({
      code: "migration_failed",
      facts: { migration: "0001_fine" },
    });

    const sameWithOtherLineEnds = migrationsFolder({
      "0001_fine": "create table fine (id integer)",
      "0002_mended": "create table half (id integer)",
      "0003_third": "select 1;\r\nselect 2;\r\n",
    });
    expect(await migrate(db, { migrationsAt: sameWithOtherLineEnds })).toMatchObject({ applied: ["0003_third"] });
    const unixLineEnds = migrationsFolder({
      "0001_fine": "create table fine (id integer)",
      "0002_mended": "create table half (id integer)",
      "0003_third": "select 1;\nselect 2;\n",
    });
    expect(await migrate(db, { migrationsAt: unixLineEnds })).toMatchObject({ applied: [] });
  });

  it("refuses numbers with a gap, before it touches the database", async () => {
    const db = await openEmpty();
    const gap = migrationsFolder({ "0001_first": "select 1", "0003_third": "select 1" });
    await expect(migrate(db, { migrationsAt: gap })).rejects.toMatchObject({
      code: "migration_failed",
      facts: { migration: "0003_third" },
    });
    expect(await tableNames(db)).toEqual([]);
  });

  it("lets two that start at once take turns", async () => {
    const db = await openEmpty();
    const both = await Promise.all([migrate(db), migrate(db)]);
    expect(both.map(({ applied }) => applied.length).sort((a, b) => a - b)).toEqual([0, ownNames.length]);
  });
});

describe("migrate on a shared Postgres", () => {
  it("lets four processes that start at once take turns: one applies everything, the others nothing", async () => {
    const { db, url } = await openEmptyPostgres();
    const children = Array.from({ length: 4 }, () =>
      startChild(`
        import { openPostgres } from ${JSON.stringify(built("store/postgres.js"))};
        import { migrate } from ${JSON.stringify(built("store/migrate.js"))};
        const db = await openPostgres({ url: ${JSON.stringify(url)} });
        console.log("ready");
        for await (const _ of process.stdin) break;
        console.log((await migrate(db)).applied.length);
        await db.close();`),
    );
    for (const child of children) expect(await child.line()).toBe("ready");
    for (const child of children) child.say("go");
    const applied = await Promise.all(children.map(async (child) => Number(await child.line())));
    expect(applied.sort((a, b) => a - b)).toEqual([0, 0, 0, ownNames.length]);
    expect(await tableNames(db)).toContain("ai_suggestions");
  });

  it("makes the tables in public, where the triggers look, also for a role with a schema of its own", async () => {
    const { db, url } = await openEmptyPostgres();
    await db.query("create schema own");
    const withPath = new URL(url);
    withPath.searchParams.set("options", "-c search_path=own,public");
    const other = await openPostgres({ url: withPath.href });
    await migrate(other);
    await other.query("insert into ai_suggestions (suggested_response, status) values ('x', 'completed')");
    expect(await other.query("select kind from public.langfuse_outbox")).toEqual([{ kind: "trace" }]);
    expect(await other.query("select current_setting('search_path') as path")).toEqual([{ path: "own,public" }]);
    await other.close();
  });
});
