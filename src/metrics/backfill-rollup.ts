import { hourFrom, hourOf, startOfHour } from "../domain/hour.ts";
import type { RollupBackfillReport } from "../domain/rollup-report.ts";
import type { Database } from "../store/database.ts";
import { finishBackfill } from "../store/queries/finish-backfill.ts";
import { internSeriesOfHours } from "../store/queries/intern-series-of-hours.ts";
import { readBackfill } from "../store/queries/read-backfill.ts";
import { saveBackfill } from "../store/queries/save-backfill.ts";
import { CHUNK_HOURS } from "./check-rollup.ts";
import { withoutFrozen } from "./frozen-hours.ts";
import { repairReasons, repairRollup } from "./repair-rollup.ts";
import type { Roller } from "./roller.ts";

export type BackfillOptions = {
  /** Widened to whole hours. */
  readonly from: Date;
  readonly to: Date;
  readonly onProgress: (done: number, total: number) => void;
  /** Ends it after the week in hand, with `interrupted`. */
  readonly signal: AbortSignal;
};

/**
 * Rebuilds the rollup of a range from its suggestions, a week in a transaction, which also notes how far it is: one that
 * ended early, however it ended, goes on there when it is asked for the same hours again.
 */
export async function backfillRollup(
  { db, roller }: { readonly db: Database; readonly roller: Roller },
  { from, to, onProgress, signal }: BackfillOptions,
): Promise<RollupBackfillReport> {
  const { fromHour, frozenBefore } = await withoutFrozen(db, hourOf(from));
  const toHour = hourFrom(to);
  const resumedHour = await readBackfill(db, fromHour, toHour);
  let hour = resumedHour ?? fromHour;
  while (hour < toHour && !signal.aborted) {
    const start = hour;
    const end = Math.min(start + CHUNK_HOURS, toHour);
    // In a transaction of its own: a roller that needs one of them just now waits for no longer than that.
    await internSeriesOfHours(db, start, end);
    await db.transaction(async (tx) => {
      await repairRollup(tx, start, end);
      // At once for all hours: no index finds the decisions of a week.
      if (end === toHour) await repairReasons(tx, fromHour, toHour);
      await saveBackfill(tx, fromHour, toHour, end);
    });
    await roller.rollAll();
    hour = end;
    onProgress(hour - fromHour, toHour - fromHour);
  }
  const interrupted = hour < toHour;
  if (!interrupted) await finishBackfill(db, fromHour, toHour);
  return {
    hourCount: Math.max(0, hour - (resumedHour ?? fromHour)),
    frozenBefore,
    resumedAt: resumedHour === null ? null : startOfHour(resumedHour),
    interrupted,
  };
}
