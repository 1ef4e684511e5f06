import type { Config } from "../config/config.ts";
import { type ConfigSources, examineConfig } from "../config/read-config.ts";
import type { DoctorReport } from "../domain/doctor-report.ts";
import type { Database } from "../store/database.ts";
import { diagnoseProcess } from "./diagnose.ts";

/** However many look at the page, everything is looked at so often. */
const KEEP_MS = 10_000;

export type HealthOptions = {
  /** Where the configuration came from; without it nothing is said about single variables. */
  readonly sources: ConfigSources | undefined;
  /** The database of this process. */
  readonly db: Database;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** What `uptake doctor` would say of this process, looked at no more than once in ten seconds. Never rejects. */
export function createHealthLook(config: Config, { sources, db, now }: HealthOptions): () => Promise<DoctorReport> {
  // The configuration as it is in use, which in a demo is not all that was read.
  const examined =
    sources === undefined ? { config, problems: [], values: new Map() } : { ...examineConfig(sources), config };
  const about = {
    examined,
    environment: sources?.environment ?? {},
    open: config.databaseUrl === null ? db : null,
  };
  let keptUntil = 0;
  let last: Promise<DoctorReport> | undefined;
  return () => {
    if (last === undefined || now() >= keptUntil) {
      // Whoever asks while it is looked at waits for the same report.
      keptUntil = Infinity;
      last = diagnoseProcess(about, { now, nodeVersion: process.versions.node }).finally(
        () => (keptUntil = now() + KEEP_MS),
      );
    }
    return last;
  };
}
