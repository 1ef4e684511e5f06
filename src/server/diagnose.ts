import { type ConfigSources, examineConfig, type ExaminedConfig } from "../config/read-config.ts";
import { DOCTOR_LIMITS, type DoctorLimits } from "../doctor/database-needs.ts";
import { examine } from "../doctor/examine.ts";
import type { DoctorReport } from "../domain/doctor-report.ts";
import { createLangfuseClient } from "../langfuse/client.ts";
import type { Database } from "../store/database.ts";
import { databaseDestination } from "./assemble-recorder.ts";
import { createClosers } from "./closers.ts";
import { openAsItIs } from "./open-as-it-is.ts";
import { readCostOf } from "./read-prices.ts";

const CHECK_TIMEOUT_MS = 1_400;
/** With closing it stays under three seconds. */
const DATABASE_MS = 2_700;

export type DiagnoseOptions = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly nodeVersion: string;
  readonly limits?: Partial<DoctorLimits> | undefined;
  /** For each check, where a slow machine is no reason to know less; with it the three seconds are not kept. */
  readonly timeoutMs?: number | undefined;
};

/** Looks at a deployment from its variables and flags alone, also where these are wrong. Changes nothing; never rejects. */
export const diagnose = (sources: ConfigSources, options: DiagnoseOptions): Promise<DoctorReport> =>
  diagnoseProcess({ examined: examineConfig(sources), environment: sources.environment, open: null }, options);

/** What a process knows of itself. */
export type Diagnosed = {
  readonly examined: ExaminedConfig;
  readonly environment: ConfigSources["environment"];
  /** The embedded database that this process has open, and nobody else can; null: it is opened, and closed again. */
  readonly open: Database | null;
};

/** The same of a process that runs. */
export async function diagnoseProcess(
  { examined, environment, open }: Diagnosed,
  options: DiagnoseOptions,
): Promise<DoctorReport> {
  const closers = createClosers();
  const { now, nodeVersion, timeoutMs = CHECK_TIMEOUT_MS } = options;
  const report = await examine({
    examined,
    environment,
    readPrices: readCostOf,
    machine: (config) => ({ nodeVersion, spoolDir: config.spoolDir, destination: databaseDestination(config) }),
    async openDatabase(config) {
      if (open !== null) return open;
      const opened = await openAsItIs(config, timeoutMs);
      if ("query" in opened) closers.push(() => opened.close());
      return opened;
    },
    langfuseOf: ({ langfuse }) => langfuse && createLangfuseClient({ ...langfuse, fetch: globalThis.fetch, timeoutMs }),
    now,
    limits: { ...DOCTOR_LIMITS, ...options.limits },
    timeoutMs,
    databaseMs: DATABASE_MS,
  });
  // A server that answers no more would not answer the goodbye either: its connections end by their own time-out.
  await closers.close().catch(() => {});
  return report;
}
