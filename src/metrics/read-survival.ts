import { valueOf } from "../domain/histogram.ts";
import { type SurvivalStep, survivalCurve, timeUntil } from "../domain/survival.ts";
import type { Queryable } from "../store/database.ts";
import type { WaitCount } from "../store/queries/read-waits.ts";
import { checkQuery, type MetricsQuery } from "./metrics-query.ts";
import { combinationOf, dimensionsOf, type MetricsRow } from "./metrics-row.ts";
import { planWaits, readPlannedWaits } from "./read-plan.ts";

/** How long suggestions wait for feedback, the open ones taken into account. */
export type SurvivalRow = {
  readonly dimensions: MetricsRow["dimensions"];
  /** Suggestions with feedback, and those without, seen only up to now. */
  readonly decidedCount: number;
  readonly openCount: number;
  /** The longest that any has been watched. */
  readonly observedMs: number;
  /** The share without feedback after each time, within 2 % of the time. */
  readonly steps: readonly SurvivalStep[];
  /** By when half of all have feedback; null where it is not yet known. */
  readonly medianMs: number | null;
};

/**
 * The time to feedback of the suggestions made in the range as a survival curve; the bucket of the query is not used.
 * Expired ones count as open: they have no feedback, and it may still come. Those made in the last three hours are read
 * themselves, all others from the rollup: there an open one counts as made in the middle of its hour, or of its day where that
 * is over 25 days ago. Throws {@link UptakeError} `invalid_input`.
 */
export async function readSurvival(db: Queryable, query: MetricsQuery): Promise<SurvivalRow[]> {
  checkQuery(query);
  const now = query.now ?? new Date();
  const groups = new Map<string, WaitCount[]>();
  for (const wait of await readPlannedWaits(db, planWaits(query, now), now)) {
    const name = combinationOf(wait);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [wait]);
    else group.push(wait);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, waits]) => survivalOf(waits, query));
}

function survivalOf(waits: readonly WaitCount[], { by }: MetricsQuery): SurvivalRow {
  const countOf = (those: readonly WaitCount[]): number => those.reduce((sum, { count }) => sum + count, 0);
  const decided = waits.filter(({ isDecided }) => isDecided);
  const steps = survivalCurve(
    waits.map(({ bucket, count, isDecided }) => ({
      atMs: valueOf(bucket),
      endedCount: isDecided ? count : 0,
      censoredCount: isDecided ? 0 : count,
    })),
  );
  const [first] = waits;
  return {
    dimensions: first === undefined ? {} : dimensionsOf(first, by),
    decidedCount: countOf(decided),
    openCount: countOf(waits) - countOf(decided),
    observedMs: Math.max(...waits.map(({ bucket }) => valueOf(bucket))),
    steps,
    medianMs: timeUntil(steps, 0.5),
  };
}
