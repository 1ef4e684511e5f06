import { setTimeout as sleep } from "node:timers/promises";
import type { AdoptStep } from "../../domain/adopt-step.ts";
import { UptakeError } from "../../domain/errors.ts";
import { isBlocked } from "../blocked.ts";
import type { Database, Queryable } from "../database.ts";
import { apply, CREATE_LEDGER, migrate, MIGRATION_LOCK, readMigrations } from "../migrate.ts";
import { rowSecurity, substituteFor, takeIn } from "./adopted.ts";
import { inspectHost } from "./host.ts";
import { HOST_INDEXES, missingIndexes, ownIndexes, OWN_INDEXES } from "./indexes.ts";
import { listObjects, noteObjects } from "./objects.ts";

export type AdoptSettings = {
  /** Project, agent function and environment of the rows that the host inserts without saying. */
  readonly projectId: string;
  readonly functionName: string;
  readonly environment: string;
  /** How long one attempt may make the host's writers wait for our lock; it gives up then and tries again. */
  readonly lockTimeoutMs: number;
};

/** Told while it works. */
export type AdoptReport = (
  event: { readonly kind: "step"; readonly name: string } | { readonly kind: "blocked"; readonly attempt: number },
) => void;

const ATTEMPTS = 10;
const FIRST_PAUSE_MS = 500;

const createAdoption = `
create table public.uptake_adoption (
  kind text not null,
  on_table text not null,
  name text not null,
  primary key (kind, on_table, name)
)`;

/** Both at once and before anything else: two locks taken one by one could meet the host's in the other order. */
const lockHost = "lock table ai_suggestions, ai_feedback_events in access exclusive mode";

/** Reads old rows beside the writers. */
const unchecked = `
  select format('alter table %I validate constraint %I', o.on_table, o.name) as sql
  from uptake_adoption o
  join pg_constraint c on c.conname = o.name and c.conrelid = o.on_table::regclass and not c.convalidated
  where o.kind = 'constraint'
  order by 1
`;

async function missingChecks(db: Queryable): Promise<string[]> {
  return (await db.query<{ sql: string }>(unchecked)).map(({ sql }) => sql);
}

/**
 * Everything that {@link adopt} would do now, in order, as SQL to be read; empty where nothing is left to do. Throws
 * `adoption_refused` with everything that is in the way.
 */
export async function planAdoption(db: Queryable, settings: AdoptSettings): Promise<readonly AdoptStep[]> {
  const isNew = (await inspectHost(db)) === "host";
  const steps: AdoptStep[] = [
    { name: "indexes", isAlone: true, statements: await missingIndexes(db, HOST_INDEXES) },
    { name: "attach", isAlone: false, statements: isNew ? attachStatements(settings) : [] },
    { name: "indexes of our columns", isAlone: true, statements: await missingIndexes(db, OWN_INDEXES) },
    {
      name: "checks",
      isAlone: true,
      statements: isNew ? ["-- validates each check that was added as not valid"] : await missingChecks(db),
    },
  ];
  return steps.filter(({ statements }) => statements.length > 0);
}

function attachStatements(settings: AdoptSettings): string[] {
  const migrations = readMigrations().map(({ name, sql }) => `-- ${name}\n${substituteFor(name) ?? sql}`);
  return [...openingStatements(settings), createAdoption.trim(), CREATE_LEDGER.trim(), ...migrations, rowSecurity()];
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const openingStatements = ({ projectId, functionName, environment, lockTimeoutMs }: AdoptSettings): string[] => [
  `set local lock_timeout = '${lockTimeoutMs}ms'`,
  "set local search_path = public",
  `set local uptake.project_id = ${quoted(projectId)}`,
  `set local uptake.function_name = ${quoted(functionName)}`,
  `set local uptake.environment = ${quoted(environment)}`,
  lockHost,
];

/**
 * Attaches Uptake to a database that has the host's `ai_suggestions` and `ai_feedback_events`: columns, triggers and our
 * own tables, all in one transaction under a lock that is never waited for longer than `lockTimeoutMs`; indexes beside
 * the host's writers. Adds and never rewrites; repeatable, also after it was interrupted. Throws `adoption_refused`.
 */
export async function adopt(db: Database, settings: AdoptSettings, report: AdoptReport): Promise<void> {
  const state = await inspectHost(db);
  await runAlone(db, await missingIndexes(db, HOST_INDEXES), report);
  if (state === "host") {
    report({ kind: "step", name: "attach" });
    await withRetries(() => attach(db, settings), report);
  } else {
    await migrate(db);
  }
  await runAlone(db, [...(await missingIndexes(db, OWN_INDEXES)), ...(await missingChecks(db))], report);
  await noteObjects(db, ownIndexes(await listObjects(db)));
}

async function runAlone(db: Database, statements: readonly string[], report: AdoptReport): Promise<void> {
  for (const sql of statements) {
    report({ kind: "step", name: sql });
    await db.query(sql);
  }
}

function attach(db: Database, settings: AdoptSettings): Promise<void> {
  return db.transaction(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    if ((await inspectHost(tx)) === "adopted") return; // by another process, while this one waited
    const before = await listObjects(tx);
    const migrations = readMigrations();
    for (const sql of openingStatements(settings)) await tx.query(sql);
    await tx.query(createAdoption);
    await tx.query(CREATE_LEDGER);
    for (const migration of migrations) await apply(tx, migration, "host");
    await takeIn(tx, before);
  });
}

async function withRetries(work: () => Promise<void>, report: AdoptReport): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isBlocked(error)) throw error;
      if (attempt === ATTEMPTS) throw blocked(error);
      report({ kind: "blocked", attempt });
      await sleep(FIRST_PAUSE_MS * attempt);
    }
  }
}

function blocked(cause: unknown): UptakeError {
  const remedy = "end the long transactions on these tables (pg_stat_activity names them), or give it more time";
  const message = `ai_suggestions or ai_feedback_events was locked at each of ${ATTEMPTS} attempts: ${remedy}. Nothing was changed.`;
  return new UptakeError("adoption_refused", message, { facts: { attempts: ATTEMPTS }, cause });
}
