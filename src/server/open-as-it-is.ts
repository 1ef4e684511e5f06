import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { finding, well } from "../doctor/findings.ts";
import type { DoctorFinding } from "../domain/doctor-report.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Database } from "../store/database.ts";
import { openEmbedded } from "../store/embedded.ts";
import { openPostgres } from "../store/postgres.ts";

/** A few: whoever looks in from outside takes nothing from those who work there. */
const CONNECTIONS = 4;

/** The database as it is: none is made, none is migrated, and one that a process has open stays with it. */
export function openAsItIs(
  { databaseUrl, dataDir }: Pick<Config, "databaseUrl" | "dataDir">,
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
