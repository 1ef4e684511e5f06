import type { AdoptStep } from "../../domain/adopt-step.ts";
import type { Database, Queryable } from "../database.ts";
import { apply, CREATE_LEDGER, migrate, OPENING, openSchemaChange, readMigrations } from "../migrate.ts";
import { rowSecurity, substituteFor, takeIn } from "./adopted.ts";
import { inspectHost, inspectMessages } from "./host.ts";
import { HOST_INDEXES, missingIndexes, ownIndexes, OWN_INDEXES } from "./indexes.ts";
import { attachInference, inferenceStatements, isInferring } from "./infer.ts";
import { lockStatements } from "./locks.ts";
import { listObjects, noteObjects } from "./objects.ts";
import { retryWhileBlocked } from "./retry-while-blocked.ts";

export type AdoptSettings = {
  /** Project, agent function and environment of the rows that the host inserts without saying. */
  readonly projectId: string;
  readonly functionName: string;
  readonly environment: string;
  /** How long one attempt may make the host's writers wait for our lock; it gives up then and tries again. */
  readonly lockTimeoutMs: number;
  /** Compare what people send through the host's `ticket_messages` with the suggestions. Not given: as it is. */
  readonly infer?: boolean | undefined;
};

/** Told while it works. */
export type AdoptReport = (
  event: { readonly kind: "step"; readonly name: string } | { readonly kind: "blocked"; readonly attempt: number },
) => void;

const createAdoption = `
create table public.uptake_adoption (
  kind text not null,
  on_table text not null,
  name text not null,
  primary key (kind, on_table, name)
)`;

/** All that the migrations touch of the host's; the first one is made where it is missing. */
const HOST_TABLES = ["aggregated_metrics", "ai_feedback_events", "ai_suggestions"];

/** Reads old rows beside the writers. */
const unchecked = `
  select format('alter table %I validate constraint %I', o.on_table, o.name) as sql
  from uptake_adoption o
  join pg_constraint c on c.conname = o.name and c.conrelid = o.on_table::regclass and not c.convalidated
  where o.kind = 'constraint'
  order by 1
`;

/** Of columns that were just added a planner knows nothing, and whoever adds none of their values never makes Postgres look. */
const analyze = "analyze ai_suggestions, ai_feedback_events";

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
      statements: isNew ? ["-- validates each check that was added as not valid", analyze] : await missingChecks(db),
    },
    { name: "infer", isAlone: false, statements: await missingInference(db, settings) },
  ];
  return steps.filter(({ statements }) => statements.length > 0);
}

async function missingInference(db: Queryable, { infer, lockTimeoutMs }: AdoptSettings): Promise<string[]> {
  if (infer !== true || (await isInferring(db))) return [];
  await inspectMessages(db);
  return [...OPENING, ...inferenceStatements(lockTimeoutMs), rowSecurity()];
}

function attachStatements(settings: AdoptSettings): string[] {
  const migrations = readMigrations().map(({ name, sql }) => `-- ${name}\n${substituteFor(name) ?? sql}`);
  return [
    ...OPENING,
    ...openingStatements(settings),
    createAdoption.trim(),
    CREATE_LEDGER.trim(),
    ...migrations,
    rowSecurity(),
  ];
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const openingStatements = (settings: AdoptSettings): string[] => [
  `set local uptake.project_id = ${quoted(settings.projectId)}`,
  `set local uptake.function_name = ${quoted(settings.functionName)}`,
  `set local uptake.environment = ${quoted(settings.environment)}`,
  ...lockStatements({ tables: HOST_TABLES, mode: "access exclusive", lockTimeoutMs: settings.lockTimeoutMs }),
];

/**
 * Attaches Uptake to a database that has the host's `ai_suggestions` and `ai_feedback_events`: columns, triggers and our
 * own tables, all in one transaction under a lock that is never waited for longer than `lockTimeoutMs`; indexes beside
 * the host's writers. Adds and never rewrites; repeatable, also after it was interrupted. Throws `adoption_refused`.
 */
export async function adopt(db: Database, settings: AdoptSettings, report: AdoptReport): Promise<void> {
  const onBlocked = (attempt: number): void => report({ kind: "blocked", attempt });
  const state = await inspectHost(db);
  if (settings.infer === true) await inspectMessages(db);
  await runAlone(db, await missingIndexes(db, HOST_INDEXES), report);
  if (state === "host") {
    report({ kind: "step", name: "attach" });
    await retryWhileBlocked(() => attach(db, settings), onBlocked);
  } else {
    await migrate(db);
  }
  const checks = await missingChecks(db);
  if (checks.length > 0) checks.push(analyze);
  await runAlone(db, [...(await missingIndexes(db, OWN_INDEXES)), ...checks], report);
  await noteObjects(db, ownIndexes(await listObjects(db)));
  if (settings.infer !== true || (await isInferring(db))) return;
  report({ kind: "step", name: "infer" });
  await retryWhileBlocked(() => attachInference(db, settings.lockTimeoutMs), onBlocked);
}

async function runAlone(db: Database, statements: readonly string[], report: AdoptReport): Promise<void> {
  for (const sql of statements) {
    report({ kind: "step", name: sql });
    await db.query(sql);
  }
}

function attach(db: Database, settings: AdoptSettings): Promise<void> {
  return db.transaction(async (tx) => {
    await openSchemaChange(tx);
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
