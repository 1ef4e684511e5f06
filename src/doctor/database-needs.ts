import type { Config } from "../config/config.ts";
import type { Database } from "../store/database.ts";

/** From where on something is too much. */
export type DoctorLimits = {
  /** Of the oldest message that waits for Langfuse. */
  readonly lagSeconds: number;
  readonly waitingDeltaCount: number;
  /** Of the oldest erasure that is not done everywhere; Langfuse alone may take a quarter of an hour. */
  readonly erasureSeconds: number;
  readonly transactionSeconds: number;
  readonly waitSeconds: number;
  /** Dead rows of a queue that vacuum has not taken away, and its size on disk; both, since small tables may be dead for a while. */
  readonly deadRowCount: number;
  readonly queueBytes: number;
  /** Rows of partitioned tables that have no month of their own. */
  readonly unplacedCount: number;
  /** Closed hours whose metrics are recomputed. */
  readonly checkedHourCount: number;
  readonly expiringDays: number;
  /** An API key that nobody has used for so long. */
  readonly unusedDays: number;
};

export const DOCTOR_LIMITS: DoctorLimits = {
  lagSeconds: 900,
  waitingDeltaCount: 100_000,
  erasureSeconds: 3_600,
  transactionSeconds: 300,
  waitSeconds: 5,
  deadRowCount: 1_000_000,
  queueBytes: 500_000_000,
  unplacedCount: 10_000,
  checkedHourCount: 24,
  expiringDays: 7,
  unusedDays: 90,
};

export type DatabaseNeeds = {
  /** In which nothing can be written. */
  readonly db: Database;
  readonly config: Config;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits: DoctorLimits;
};
