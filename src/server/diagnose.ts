import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { type ConfigSources, examineConfig } from "../config/read-config.ts";
import { DOCTOR_LIMITS, type DoctorLimits } from "../doctor/database-needs.ts";
import { examine } from "../doctor/examine.ts";
import { finding, well } from "../doctor/findings.ts";
import type { DoctorFinding, DoctorReport } from "../domain/doctor-report.ts";
import { UptakeError } from "../domain/errors.ts";
import { createLangfuseClient } from "../langfuse/client.ts";
import type { Database } from "../store/database.ts";
import { openEmbedded } from "../store/embedded.ts";
import { openPostgres } from "../store/postgres.ts";
import { databaseDestination } from "./assemble-recorder.ts";
import { createClosers } from "./closers.ts";
import { readCostOf } from "./read-prices.ts";

const CHECK_TIMEOUT_MS = 1_400;
/** With closing it stays under three seconds. */
const DATABASE_MS = 2_700;
const CONNECTIONS = 4;

export type DiagnoseOptions = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly nodeVersion: string;
  readonly limits?: Partial<DoctorLimits> | undefined;
  /** For each check, where a slow machine is no reason to know less; with it the three seconds are not kept. */
  readonly timeoutMs?: number | undefined;
};

/** Looks at a deployment from its variables and flags alone, also where these are wrong. Changes nothing; never rejects. */
export async function diagnose(sources: ConfigSources, options: DiagnoseOptions): Promise<DoctorReport> {
  const closers = createClosers();
  const { now, nodeVersion, timeoutMs = CHECK_TIMEOUT_MS } = options;
  const report = await examine({
    examined: examineConfig(sources),
    environment: sources.environment,
    readPrices: readCostOf,
    machine: (config) => ({ nodeVersion, spoolDir: config.spoolDir, destination: databaseDestination(config) }),
    async openDatabase(config) {
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

/** The database as it is: none is made, none is migrated, and one that a process has open stays with it. */
function openAsItIs(
  { databaseUrl, dataDir }: Config,
  timeoutMs: number,
): Promise<Database | DoctorFinding> | DoctorFinding {
  if (databaseUrl !== null) return openPostgres({ url: databaseUrl, maxConnections: CONNECTIONS, timeoutMs });
  const isMade = existsSync(join(dataDir, "PG_VERSION")) && !existsSync(`${dataDir}.unfinished`);
  if (!isMade) return well("database.unmade", `the embedded database in ${dataDir} is made at the first use`);
  return openEmbedded({ dataDir }).catch((error: unknown) => {
    if (!(error instanceof UptakeError) || error.code !== "data_directory_in_use") throw error;
    return finding("database.in_use", error.message);
  });
}
