import { type Instruments, noInstruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import { createPeriodic } from "../domain/periodic.ts";
import type { Queryable } from "../store/database.ts";
import { applyWaitingFeedback } from "../store/queries/apply-waiting-feedback.ts";
import { internSeries } from "../store/queries/intern-series.ts";
import { rollDeltas } from "../store/queries/roll-deltas.ts";
import { rollReasonDeltas } from "../store/queries/roll-reason-deltas.ts";

export type RollerOptions = {
  readonly db: Queryable;
  readonly log: Logger;
  readonly instruments?: Instruments;
  /** Pause between two looks for deltas when none was left, in milliseconds. */
  readonly everyMs?: number;
  /** Deltas added up in one statement. */
  readonly batchSize?: number;
};

/**
 * Adds up what the triggers appended. Metrics are right without it, as reading adds the waiting deltas itself; it
 * keeps them few. Any number of rollers may run side by side, in one process or many.
 */
export type Roller = {
  /** Starts the loop; again does nothing. */
  start(): void;
  /** Ends the loop after the batch in flight; called again it returns the same promise. */
  stop(): Promise<void>;
  /** Applies waiting feedback and rolls until nothing is left; resolves to how many deltas were rolled. */
  rollAll(): Promise<number>;
};

const MAX_PAUSE_MS = 30_000;

export function createRoller(options: RollerOptions): Roller {
  const { db, log, instruments = noInstruments, everyMs = 1000, batchSize = 5000 } = options;
  const rolled = instruments.counter({
    name: "uptake_rollup_rolled_deltas_total",
    help: "Deltas that this process added to the rollup.",
  });
  const failures = instruments.counter({ name: "uptake_rollup_failures_total", help: "Rolls that failed." });
  let failedCount = 0;

  async function rollOnce(): Promise<number> {
    await applyWaitingFeedback(db);
    await internSeries(db);
    const reasonCount = await rollReasonDeltas(db, batchSize);
    const rolledCount = reasonCount + (await rollDeltas(db, batchSize));
    rolled.add(rolledCount);
    return rolledCount;
  }

  async function rollOrLog(): Promise<number> {
    try {
      const rolledCount = await rollOnce();
      if (failedCount > 0) log.info("rollup.recovered", { failedCount });
      failedCount = 0;
      return rolledCount;
    } catch (error) {
      failedCount += 1;
      failures.add(1);
      log.error("rollup.failed", { failedCount, retryInMs: pauseMs(), message: String(error) });
      return 0;
    }
  }

  /** Doubles with every failure in a row, so that a database in trouble is not pressed. */
  const pauseMs = (): number => Math.min(everyMs * 2 ** failedCount, Math.max(everyMs, MAX_PAUSE_MS));

  // A full batch means that more is waiting.
  const { start, stop } = createPeriodic(async () => ((await rollOrLog()) < batchSize ? pauseMs() : 0));

  return {
    start,
    stop,
    async rollAll() {
      let total = 0;
      let rolledCount: number;
      // As in the loop: less than a full batch means that nothing is left, and asking again would cost as much as a small roll.
      do {
        rolledCount = await rollOnce();
        total += rolledCount;
      } while (rolledCount >= batchSize);
      return total;
    },
  };
}
