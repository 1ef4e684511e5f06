import type { Logger } from "../../domain/logger.ts";
import { createNightly } from "../../domain/nightly.ts";
import type { RetentionAges, RetentionReport } from "../../domain/retention.ts";
import type { Database } from "../database.ts";
import { retain } from "./retain.ts";

/** At 01:47 UTC, when most desks are quiet; over, mostly, when the rollup is checked. */
const PATTERN = "47 1 * * *";
/** Leaves room to the others that use the database. */
const PAUSE_MS = 25;

export type RetentionKeeperDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly ages: RetentionAges;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

export type RetentionRequest = { readonly dryRun: boolean; readonly signal: AbortSignal };

/** Removes what has become too old, every night. Any number of workers may: rows that one has in hand the others pass by. */
export type RetentionKeeper = {
  /** Waits for the night, where any age is set; again does nothing. Does not hold the process. */
  start(): void;
  /** Ends a pass after the rows in hand. */
  stop(): Promise<void>;
  /** A night's pass: goes on from where the last one ended. */
  runOnce(): Promise<RetentionReport>;
  /** The same over everything, at once. */
  retainAll(request: RetentionRequest): Promise<RetentionReport>;
};

export function createRetentionKeeper({ db, log, ages, now }: RetentionKeeperDeps): RetentionKeeper {
  const isNeeded = Object.values(ages).some((age) => age !== null);
  const nightly = createNightly({
    pattern: PATTERN,
    pass: runOnce,
    onFailure: (error) => log.error("retention.failed", { message: String(error) }),
  });

  async function runOnce(): Promise<RetentionReport> {
    const settings = { ages, fromTheStart: false, dryRun: false, pauseMs: PAUSE_MS, signal: nightly.signal };
    const report = await retain(db, { ...settings, now: new Date(now()) });
    const { kept, ...counts } = report;
    log.info("retention.pass", counts);
    for (const { kind, ...why } of kept) log.warn("retention.left", { kind, ...why });
    return report;
  }

  return {
    start() {
      if (isNeeded) nightly.start();
    },
    stop: nightly.stop,
    runOnce,
    retainAll: (request) => retain(db, { ...request, ages, now: new Date(now()), fromTheStart: true, pauseMs: 0 }),
  };
}
