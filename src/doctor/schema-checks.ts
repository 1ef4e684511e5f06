import type { DoctorFinding } from "../domain/doctor-report.ts";
import { readLockTroubles } from "../store/queries/read-lock-troubles.ts";
import { readMissingRights } from "../store/queries/read-missing-rights.ts";
import { readOpenTables } from "../store/queries/read-open-tables.ts";
import { readTriggerStates } from "../store/queries/read-trigger-states.ts";
import { expectedTriggers, readGround, type SchemaState } from "../store/schema-state.ts";
import type { Check } from "./check.ts";
import type { DatabaseNeeds } from "./database-needs.ts";
import { finding, type FindingCode, well } from "./findings.ts";

const WRONG_SCHEMA: Readonly<Record<Exclude<SchemaState["kind"], "current">, readonly [FindingCode, string]>> = {
  empty: ["migrations.missing", "the database has no tables of Uptake yet"],
  behind: ["migrations.missing", "the database is older than this program"],
  host: ["migrations.not_adopted", "ai_suggestions is there and was not made by Uptake"],
  newer: ["migrations.newer", "the database is newer than this program"],
  edited: ["migrations.edited", "another program's migrations made this database"],
};

export function schemaFinding({ kind, version, programVersion }: SchemaState): DoctorFinding {
  const versions = `version ${version}, this program has ${programVersion}`;
  if (kind === "current") return well("migrations.current", `tables are of version ${version}, as is this program`);
  const [code, what] = WRONG_SCHEMA[kind];
  return finding(code, `${what} (${versions})`);
}

/** Tables that a worker or an application writes. */
const WRITTEN = [
  "ai_suggestions",
  "ai_traces",
  "ai_feedback_events",
  "langfuse_outbox",
  "langfuse_deliveries",
  "langfuse_left_out",
  "langfuse_days",
  "rollup_deltas",
  "ai_metrics_hourly",
  "ai_metrics_daily",
  "ai_feedback_reasons_hourly",
  "ai_feedback_reasons_daily",
  "metric_series",
  "uptake_workers",
];

/** Whether what the tables live by is there. */
export const SCHEMA_CHECKS: readonly Check<DatabaseNeeds>[] = [
  { name: "rights", run: rightsFindings },
  { name: "triggers", run: triggerFindings },
  { name: "row-level security", run: rowSecurityFindings },
  { name: "locks", run: lockFindings },
  { name: "clock", run: clockFindings },
];

async function rightsFindings({ db }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const { role, missing, mayCreate } = await readMissingRights(db, WRITTEN);
  // Acts of people are never changed, so nobody needs the right to.
  const needed = missing.filter((right) => !/^(?:update|delete) on ai_feedback_events$/u.test(right));
  if (needed.length > 0) return [finding("rights.missing", `role ${role} may not ${needed.join(", ")}`)];
  if (!mayCreate) return [finding("rights.create", `role ${role} may make no tables in public`)];
  return [well("rights.all", `role ${role} may read and write the tables, and make new ones`)];
}

async function triggerFindings({ db }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const expected = await expectedTriggers(db);
  const states = new Map(
    (await readTriggerStates(db)).map((state) => [`${state.table}.${state.name}`, state.isEnabled]),
  );
  const wrong = expected.flatMap(({ table, name }) => {
    const isEnabled = states.get(`${table}.${name}`);
    if (isEnabled === undefined) return [finding("triggers.missing", `${table} has no trigger ${name}`)];
    return isEnabled ? [] : [finding("triggers.disabled", `trigger ${name} on ${table} is disabled`)];
  });
  return wrong.length > 0 ? wrong : [well("triggers.all", `all ${expected.length} triggers are there and enabled`)];
}

async function rowSecurityFindings({ db }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  if (!(await readGround(db)).adopted) return [];
  const open = await readOpenTables(db);
  if (open.length === 0)
    return [well("row_security.on", "row-level security is on for all our tables in the host's database")];
  return [finding("row_security.off", `row-level security is off on ${open.join(", ")}`)];
}

async function lockFindings({ db, limits }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  if (db.kind === "embedded") return [];
  const troubles = await readLockTroubles(db, limits);
  if (troubles.length === 0) return [well("locks.none", "no long transaction, and nobody waits for a lock")];
  return troubles.map(({ kind, pid, seconds, application }) => {
    const who = `session ${pid}${application === "" ? "" : ` (${application})`}`;
    return kind === "waiting"
      ? finding("locks.waiting", `${who} waits for a lock for ${Math.round(seconds)} s`)
      : finding("locks.old_transaction", `${who} has a transaction open for ${Math.round(seconds)} s`);
  });
}

const SKEW_MS = 2_000;
const WRONG_CLOCK_MS = 300_000;

async function clockFindings({ db, now }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const before = now();
  const [row] = await db.query<{ at: Date }>("select clock_timestamp() as at");
  const after = now();
  const at = row?.at.getTime() ?? before;
  // It was asked somewhere between the two; what lies within is no skew.
  const skewMs = at < before ? at - before : Math.max(0, at - after);
  const text = `the database's clock is ${Math.abs(skewMs)} ms ${skewMs < 0 ? "behind" : "ahead of"} this machine's`;
  if (Math.abs(skewMs) >= WRONG_CLOCK_MS) return [finding("clock.wrong", text)];
  if (Math.abs(skewMs) >= SKEW_MS) return [finding("clock.skew", text)];
  return [
    well(
      "clock.same",
      `this machine and the database have the same time, within ${after - before + Math.abs(skewMs)} ms`,
    ),
  ];
}
