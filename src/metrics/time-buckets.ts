import { type Hour, startOfHour } from "../domain/hour.ts";
import { daysBetween, UTC } from "../domain/zone.ts";
import { hoursOf, type MetricsQuery } from "./metrics-query.ts";

/** One row's stretch of time. */
export type TimeBucket = {
  readonly startHour: Hour;
  readonly start: Date;
  readonly end: Date;
  /** It is not over yet, or the range cuts it: more may belong to it than is counted. */
  readonly isPartial: boolean;
};

/** The buckets of a query, in order and without gaps, whether anything happened in them or not. */
export function timeBucketsOf(query: MetricsQuery): readonly TimeBucket[] {
  const { fromHour, toHour } = hoursOf(query);
  const nowMs = (query.now ?? new Date()).getTime();
  return boundsOf(query).flatMap((startHour, i, bounds) => {
    const endHour = bounds[i + 1];
    if (endHour === undefined) return [];
    const end = startOfHour(endHour);
    const isCut = startHour < fromHour || endHour > toHour;
    return [{ startHour, start: startOfHour(startHour), end, isPartial: isCut || end.getTime() > nowMs }];
  });
}

/** Where each bucket starts, and the last one ends. */
function boundsOf(query: MetricsQuery): readonly Hour[] {
  const { fromHour, toHour } = hoursOf(query);
  if (query.bucket === "total") return [fromHour, toHour];
  if (query.bucket === "day") return daysBetween(fromHour, toHour, query.zone ?? UTC);
  return Array.from({ length: toHour - fromHour + 1 }, (_, i) => fromHour + i);
}
