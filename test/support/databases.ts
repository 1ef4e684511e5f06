import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestRunner, afterAll, describe, inject } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { createShelf, empty, printOf, type Shelf } from "./shelf.ts";

type Fresh = { readonly db: Database; discard(): Promise<void> };

/**
 * A migrated database without rows on the run's one Postgres server, with partitions if asked; `migrated: false` for an empty
 * one. `drop` leaves it to the next test, if its schema is as it was.
 */
export async function openTestPostgres({
  migrated = true,
  partitioned = false,
}: { migrated?: boolean; partitioned?: boolean } = {}): Promise<{
  db: Database;
  url: string;
  drop(): Promise<void>;
}> {
  const template = templateOf(migrated, partitioned);
  const { db, url, name } = await openFrom(template);
  return {
    db,
    url,
    async drop() {
      await db.close();
      await shelf().put(name, template);
    },
  };
}

function templateOf(migrated: boolean, partitioned: boolean): string {
  if (!migrated) return "template1";
  return partitioned ? "uptake_template_partitioned" : "uptake_template";
}

let shelfOfRun: Shelf | undefined;
const shelf = (): Shelf => (shelfOfRun ??= createShelf(inject("postgresUrl")));

async function openFrom(template: string): Promise<{ db: Database; url: string; name: string }> {
  for (;;) {
    const { name, isNew } = await shelf().take(template);
    const url = new URL(inject("postgresUrl"));
    url.pathname = `/${name}`;
    if (isNew) return { db: await openPostgres({ url: url.href }), url: url.href, name };
    const db = await openAgain(url.href, template);
    if (db !== undefined) return { db, url: url.href, name };
    await shelf().drop(name);
  }
}

/** Undefined where a test has left more behind than rows, or nothing at all. */
async function openAgain(url: string, template: string): Promise<Database | undefined> {
  const db = await openPostgres({ url }).catch(() => undefined);
  const isAsItWas = async (): Promise<boolean> => {
    if (db === undefined || (await printOf(db)) !== inject("schemaPrints")[template]) return false;
    await empty(db);
    return true;
  };
  if (await isAsItWas().catch(() => false)) return db;
  await db?.close();
  return undefined;
}

/** A new, migrated embedded database in a folder of its own. */
export async function openTestEmbedded(): Promise<{ db: Database; dataDir: string; drop(): Promise<void> }> {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-embedded-"));
  const dataDir = join(scratch, "data");
  cpSync(inject("embeddedTemplate"), dataDir, { recursive: true });
  const db = await openEmbedded({ dataDir });
  return {
    db,
    dataDir,
    async drop() {
      await db.close();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** An embedded database that a finished test has left, to be emptied for the next: a fifth of the cost of a new one. */
function createEmbeddedShelf(): { open(): Promise<Fresh>; discard(): Promise<void> } {
  const shelf: { db: Database; drop(): Promise<void> }[] = [];
  return {
    async open() {
      const reused = shelf.pop();
      if (reused !== undefined) await empty(reused.db);
      const opened = reused ?? (await openTestEmbedded());
      let closed = false;
      const close = async (): Promise<void> => {
        closed = true;
        await opened.drop();
      };
      const db: Database = { ...opened.db, close };
      return {
        db,
        async discard() {
          if (!closed) shelf.push(opened);
        },
      };
    },
    async discard() {
      await Promise.all(shelf.splice(0).map((opened) => opened.drop()));
    },
  };
}

async function openFreshPostgres(partitioned: boolean): Promise<Fresh> {
  const opened = await openTestPostgres({ partitioned });
  return { db: opened.db, discard: () => opened.drop() };
}

/**
 * Runs a suite on the embedded database and on a real Postgres. `open` gives a fresh, migrated database: opened inside
 * a test or a `beforeEach` it is taken back when that test is over, opened in a `beforeAll` when the suite is over.
 * A suite that changes tables, not only rows, opens its own with `openTestEmbedded` or `openTestPostgres`.
 */
export function describeEachDatabase(name: string, suite: (open: () => Promise<Database>) => void): void {
  describeOn(["embedded", "postgres"], name, suite);
}

/**
 * The same on a real Postgres alone: for suites about what is above the statements, which the embedded database runs
 * in suites of their own. It takes twice as long, and `npm test` is to stay a matter of minutes.
 */
export function describeOnPostgres(name: string, suite: (open: () => Promise<Database>) => void): void {
  describeOn(["postgres"], name, suite);
}

/** On both, and once more on a Postgres whose tables are partitioned. */
export function describeWithPartitions(name: string, suite: (open: () => Promise<Database>) => void): void {
  describeOn(["embedded", "postgres", "partitioned postgres"], name, suite);
}

/** Another server than ours is tried (`.ci/run`); the embedded database stays what it is. */
const IS_ABOUT_A_SERVER = process.env["UPTAKE_TEST_POSTGRES_BIN"] !== undefined;

type Kind = "embedded" | "postgres" | "partitioned postgres";

function describeOn(names: readonly Kind[], name: string, suite: (open: () => Promise<Database>) => void): void {
  const shelf = createEmbeddedShelf();
  const openers: Readonly<Record<Kind, () => Promise<Fresh>>> = {
    embedded: () => shelf.open(),
    postgres: () => openFreshPostgres(false),
    "partitioned postgres": () => openFreshPostgres(true),
  };
  const wanted = names.filter((kind) => kind !== "embedded" || !IS_ABOUT_A_SERVER);
  const kinds = wanted.map((kind) => ({ kind, openFresh: openers[kind] }));
  describe.each(kinds)(`${name} on $kind`, ({ openFresh }) => {
    const untilEnd: Fresh[] = [];
    afterAll(async () => {
      await Promise.all(untilEnd.splice(0).map((fresh) => fresh.discard()));
      await shelf.discard();
    });
    suite(async () => {
      const fresh = await openFresh();
      const test = TestRunner.getCurrentTest();
      if (test === undefined) untilEnd.push(fresh);
      else test.context.onTestFinished(() => fresh.discard());
      return fresh.db;
    });
  });
}
