import type { Config } from "../config/config.ts";
import type { DoctorFinding, DoctorReport } from "../domain/doctor-report.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import type { Database } from "../store/database.ts";
import { readSchemaState } from "../store/schema-state.ts";
import { BACKLOG_CHECKS } from "./backlog-checks.ts";
import { messageOf, runChecks } from "./check.ts";
import { CONFIG_CHECKS, type ConfigNeeds } from "./config-checks.ts";
import type { DoctorLimits } from "./database-needs.ts";
import { finding, well } from "./findings.ts";
import { LANGFUSE_CHECKS, SCORE_CONFIG_CHECKS } from "./langfuse-checks.ts";
import { MACHINE_CHECKS, type MachineNeeds } from "./machine-checks.ts";
import { readOnly } from "./read-only.ts";
import { SCHEMA_CHECKS, schemaFinding } from "./schema-checks.ts";

export type Patient = ConfigNeeds & {
  readonly machine: (config: Config) => MachineNeeds;
  /** Opens the database without changing it; a text says why there is nothing to open, and that it is no failure. */
  readonly openDatabase: (config: Config) => Promise<Database | DoctorFinding>;
  readonly langfuseOf: (config: Config) => LangfuseClient | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits: DoctorLimits;
  /** For each check; all of a group run at the same time. */
  readonly timeoutMs: number;
  /** For opening the database and its checks together: what opening leaves of it is theirs, at least one check's. */
  readonly databaseMs: number;
};

type Looked = { readonly findings: readonly DoctorFinding[]; readonly db: Database | null };

/**
 * Looks at everything that Uptake needs: configuration, this machine, the database, Langfuse. Changes nothing, starts
 * nothing, and tells no secret. Never rejects: what cannot be found out is a finding, too.
 */
export async function examine(patient: Patient): Promise<DoctorReport> {
  const startedAt = performance.now();
  const { examined, timeoutMs } = patient;
  const said = await runChecks(CONFIG_CHECKS, patient, timeoutMs);
  const { config } = examined;
  const looked = config === null ? [] : await lookAround(patient, config);
  const findings = [...said, ...looked];
  return {
    ok: findings.every(({ level }) => level !== "fail"),
    findings,
    tookMs: Math.round(performance.now() - startedAt),
  };
}

async function lookAround(patient: Patient, config: Config): Promise<readonly DoctorFinding[]> {
  const { timeoutMs } = patient;
  const database = openIt(patient, config);
  const langfuse = patient.langfuseOf(config);
  const groups = await Promise.all([
    runChecks(MACHINE_CHECKS, patient.machine(config), timeoutMs),
    lookIntoIt(patient, config, database),
    langfuse === null
      ? [well("langfuse.unset", "no Langfuse keys are set: nothing is mirrored")]
      : lookAt(langfuse, database, timeoutMs),
  ]);
  return groups.flat();
}

async function lookIntoIt(
  { now, limits, timeoutMs, databaseMs }: Patient,
  config: Config,
  database: Promise<Looked>,
): Promise<readonly DoctorFinding[]> {
  const startedAt = performance.now();
  const { findings, db } = await database;
  if (db === null) return findings;
  const leftMs = Math.max(timeoutMs, Math.round(databaseMs - (performance.now() - startedAt)));
  const checks = [...SCHEMA_CHECKS, ...BACKLOG_CHECKS];
  return [...findings, ...(await runChecks(checks, { db, config, now, limits }, leftMs))];
}

async function lookAt(
  langfuse: LangfuseClient,
  database: Promise<Looked>,
  timeoutMs: number,
): Promise<readonly DoctorFinding[]> {
  const [place, configs] = await Promise.all([
    runChecks(LANGFUSE_CHECKS, langfuse, timeoutMs),
    database.then(({ db }) => (db === null ? [] : runChecks(SCORE_CONFIG_CHECKS, { langfuse, db }, timeoutMs))),
  ]);
  return [...place, ...configs];
}

/** Where the tables are not as this program has them, no question about them makes sense. */
async function openIt({ openDatabase, timeoutMs }: Patient, config: Config): Promise<Looked> {
  try {
    const opened = await openDatabase(config);
    if (!("query" in opened)) return { findings: [opened], db: null };
    const db = readOnly(opened, timeoutMs);
    const [server] = await db.query<{ version: string }>("select current_setting('server_version') as version");
    const state = await readSchemaState(db);
    const reached = well("database.reached", `Postgres ${server?.version ?? "?"} (${db.kind})`);
    return { findings: [reached, schemaFinding(state)], db: state.kind === "current" ? db : null };
  } catch (error) {
    return { findings: [finding("database.unreachable", messageOf(error))], db: null };
  }
}
