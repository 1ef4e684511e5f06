import type { ExpiryReport, ExpiryWindows } from "../domain/expiry.ts";
import type { Logger } from "../domain/logger.ts";
import { createPeriodic } from "../domain/periodic.ts";
import type { Queryable } from "../store/database.ts";
import { closeAbandoned } from "../store/queries/close-abandoned.ts";
import { expireSuggestions } from "../store/queries/expire-suggestions.ts";

export type ExpirerOptions = {
  readonly db: Queryable;
  readonly log: Logger;
  readonly projectId: string;
  readonly windows: ExpiryWindows;
  /** Pause between two passes, in milliseconds. */
  readonly everyMs: number;
  /** Suggestions closed in one statement. */
  readonly batchSize?: number;
};

/**
 * Closes what nobody will act on any more: suggestions whose window is over as `expired`, pending rows whose call died as
 * errors of the type `abandoned`. Feedback or an answer that comes later still counts. Any number may run side by side.
 */
export type Expirer = {
  /** Starts the loop; again does nothing. */
  start(): void;
  /** Ends the loop after the batch in flight; called again it returns the same promise. */
  stop(): Promise<void>;
  /** One pass over all that is due now; ends early, after a batch, once the signal is aborted. */
  expireAll(signal?: AbortSignal): Promise<ExpiryReport>;
};

export function createExpirer(options: ExpirerOptions): Expirer {
  const { db, log, projectId, windows, everyMs, batchSize = 500 } = options;

  async function expireAll(signal: AbortSignal): Promise<ExpiryReport> {
    const { abandonAfterMs } = windows;
    const job = { projectId, limit: batchSize };
    const abandonedCount =
      abandonAfterMs === null ? 0 : await repeat(() => closeAbandoned(db, { ...job, afterMs: abandonAfterMs }), signal);
    const expiredCount = await repeat(() => expireSuggestions(db, { ...job, windows }), signal);
    return { expiredCount, abandonedCount };
  }

  /** Until a batch is not full: then nothing more is due, or others have it. */
  async function repeat(closeBatch: () => Promise<number>, signal: AbortSignal): Promise<number> {
    let total = 0;
    while (!signal.aborted) {
      const closedCount = await closeBatch();
      total += closedCount;
      if (closedCount < batchSize) break;
    }
    return total;
  }

  const periodic = createPeriodic(async (signal) => {
    try {
      const report = await expireAll(signal);
      if (report.expiredCount + report.abandonedCount > 0) log.info("feedback.expired", report);
    } catch (error) {
      log.error("feedback.expire_failed", { retryInMs: everyMs, message: String(error) });
    }
    return everyMs;
  });

  return { start: periodic.start, stop: periodic.stop, expireAll: (signal = periodic.signal) => expireAll(signal) };
}
