import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { invalidInput, UptakeError } from "../domain/errors.ts";
import { isAdopted, substituteFor, takeIn } from "./adoption/adopted.ts";
import { listObjects } from "./adoption/objects.ts";
import type { Database, Queryable } from "./database.ts";
import { additionTo, isPartitioned } from "./partitions/partitioned.ts";

export type Migration = {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
};
export type Migrated = {
  /** Names of the migrations this call applied, in order. */
  readonly applied: readonly string[];
  /** The version the database has now. */
  readonly version: number;
};

export type MigrateOptions = {
  /** Folder of the numbered SQL files; the program's own by default. */
  readonly migrationsAt?: URL | undefined;
  /** Makes a fresh database with partitions by month; one that has none yet and is not fresh is refused. */
  readonly partition?: "month" | undefined;
};

/** Whose tables the migrations meet: ours, ours in partitions, or those of the application that was adopted. */
export type Ground = "plain" | "partitioned" | "host";

type AppliedRow = { version: number; name: string; checksum: string };

/** The one statement that makes the table of what was applied. */
export const CREATE_LEDGER = `
create table public.schema_migrations (
  version integer primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

/** Any constant will do as long as nobody else uses it: "uptake" as a number. */
export const MIGRATION_LOCK = 0x757074616b65;
const migrationsDirectory = new URL("./migrations/", import.meta.url);

/**
 * How every transaction that changes the schema begins: those of two processes take turns, and the lock ends with the
 * transaction, however that ends. The triggers look in `public`, so that is where tables go, whatever the role's own path.
 */
export const OPENING: readonly string[] = [
  `select pg_advisory_xact_lock(${MIGRATION_LOCK})`,
  "set local search_path = public",
];

export async function openSchemaChange(tx: Queryable): Promise<void> {
  for (const sql of OPENING) await tx.query(sql);
}

/** Reads `0001_name.sql`, `0002_name.sql`, … in order; a gap in the numbers is a packaging mistake and is refused. */
export function readMigrations(directory: URL = migrationsDirectory): readonly Migration[] {
  const files = readdirSync(directory).filter((file) => file.endsWith(".sql"));
  return files.sort().map((file, position) => {
    const name = file.slice(0, -".sql".length);
    const version = Number.parseInt(name, 10);
    if (version !== position + 1)
      throw failed(name, `expected number ${position + 1}: files must be numbered without gaps`);
    // Line ends may differ between checkouts; they change nothing.
    const sql = readFileSync(new URL(file, directory), "utf8").replaceAll("\r\n", "\n");
    return { version, name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
  });
}

function failed(name: string, problem: string, cause?: unknown): UptakeError {
  return new UptakeError("migration_failed", `Migration ${name}: ${problem}. The database is as it was before.`, {
    facts: { migration: name },
    ...(cause === undefined ? {} : { cause }),
  });
}

async function readApplied(tx: Queryable): Promise<readonly AppliedRow[]> {
  const [ledger] = await tx.query<{ exists: boolean }>(
    "select to_regclass('public.schema_migrations') is not null as exists",
  );
  if (ledger?.exists !== true) {
    await refuseHost(tx);
    await createLedgerIn(tx);
    return [];
  }
  return tx.query<AppliedRow>("select version, name, checksum from public.schema_migrations order by version");
}

/** Tables of these names that no migration made are an application's own. */
async function refuseHost(tx: Queryable): Promise<void> {
  const [host] = await tx.query<{ exists: boolean }>(
    "select to_regclass('public.ai_suggestions') is not null as exists",
  );
  if (host?.exists !== true) return;
  throw failed(
    "0001_suggestions_and_feedback",
    "public.ai_suggestions is there already and was not made by Uptake. To attach to the application that it belongs to, run uptake adopt",
  );
}

/** The first thing that is made. Since Postgres 15 not everybody may make tables in `public`. */
async function createLedgerIn(tx: Queryable): Promise<void> {
  const [may] = await tx.query<{ make: boolean; role: string }>(
    "select has_schema_privilege('public', 'create') as make, quote_ident(current_user) as role",
  );
  if (may?.make === false) {
    const remedy = `As its owner run: grant create on schema public to ${may.role}`;
    throw failed("schema_migrations", `permission denied for schema public. ${remedy}`);
  }
  await tx.query(CREATE_LEDGER);
}

/** Refuses a database that this program's migrations did not make. */
function compare(migrations: readonly Migration[], applied: readonly AppliedRow[]): void {
  const newest = applied.at(-1);
  if (newest !== undefined && newest.version > migrations.length) {
    throw new UptakeError(
      "database_newer",
      `The database has version ${newest.version} (${newest.name}); this program knows versions up to ${migrations.length}. ` +
        "Upgrade uptake, or use another database. Nothing was changed.",
      { facts: { databaseVersion: newest.version, programVersion: migrations.length } },
    );
  }
  for (const [position, row] of applied.entries()) {
    const migration = migrations[position];
    if (migration?.version === row.version && migration.checksum === row.checksum) continue;
    throw failed(
      row.name,
      "the file differs from what was applied to this database. Migrations are never edited: restore the file and put the change into a new one",
    );
  }
}

/** Applies one migration and notes it. In an adopted database another text may stand for it, in a partitioned one follow it. */
export async function apply(tx: Queryable, migration: Migration, ground: Ground): Promise<void> {
  const { version, name, checksum } = migration;
  const addition = ground === "partitioned" ? additionTo(name) : undefined;
  try {
    await tx.query(ground === "host" ? (substituteFor(name) ?? migration.sql) : migration.sql);
    if (addition !== undefined) await tx.query(addition);
  } catch (error) {
    if (error instanceof UptakeError) throw error; // the connection, not the migration
    throw failed(name, error instanceof Error ? error.message : String(error), error);
  }
  await tx.query("insert into public.schema_migrations (version, name, checksum) values ($1, $2, $3)", [
    version,
    name,
    checksum,
  ]);
}

/** The queries name tables without their schema: one that is looked into first must not hold others of these names. */
async function refuseHiddenTables(tx: Queryable, migrations: readonly Migration[]): Promise<void> {
  await tx.query("set local search_path to default");
  const names = migrations.flatMap(({ sql }) => [...sql.matchAll(/^create table (\w+)/gmu)].map(([, name]) => name));
  const [hidden] = await tx.query<{ names: string; path: string; role: string }>(
    `select string_agg(name, ', ') as names, current_setting('search_path') as path, quote_ident(current_user) as role
     from unnest($1::text[]) name
     where to_regclass(name) is distinct from to_regclass('public.' || name)
     having count(*) > 0`,
    [names],
  );
  if (hidden === undefined) return;
  const found = `the search path ${hidden.path} of role ${hidden.role} does not lead to public's ${hidden.names}`;
  throw failed("schema_migrations", `${found}. Run: alter role ${hidden.role} set search_path = public`);
}

/**
 * Brings the database to this program's version. All missing migrations go in one transaction, so whatever goes wrong
 * the database is as before: a version in between would be one that nobody has tested. The price is that a migration
 * cannot `create index concurrently`. The advisory lock makes two processes that start at once take turns (and ends
 * with the transaction, however that ends): the second finds nothing to do.
 *
 * @throws UptakeError `database_newer` when the database was made by a newer program, `migration_failed` when a
 *   migration fails or was edited after it was applied, `invalid_input` where partitions come too late; nothing is
 *   changed then
 */
export async function migrate(db: Database, options: MigrateOptions = {}): Promise<Migrated> {
  const migrations = readMigrations(options.migrationsAt);
  return db.transaction(async (tx) => {
    await openSchemaChange(tx);
    const applied = await readApplied(tx);
    compare(migrations, applied);
    const ground = await groundOf(tx, applied.length === 0, options.partition);
    const missing = migrations.slice(applied.length);
    const intoHost = ground === "host" && missing.length > 0;
    const before = intoHost ? await listObjects(tx) : [];
    for (const migration of missing) await apply(tx, migration, ground);
    if (intoHost) await takeIn(tx, before);
    await refuseHiddenTables(tx, migrations);
    return { applied: missing.map(({ name }) => name), version: migrations.length };
  });
}

async function groundOf(tx: Queryable, isFresh: boolean, wanted: MigrateOptions["partition"]): Promise<Ground> {
  if (wanted !== undefined && isFresh) return "partitioned";
  if (await isPartitioned(tx)) return "partitioned";
  if (wanted === undefined) return (await isAdopted(tx)) ? "host" : "plain";
  throw invalidInput(
    "--partition",
    "this database has its tables already, without partitions, and they cannot be given any in place. " +
      "Migrate an empty database with --partition month and record into that, or leave the flag out. Nothing was changed",
  );
}
