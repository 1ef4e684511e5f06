import type { Queryable } from "../store/database.ts";
import { type ReasonCount, readReasonCounts } from "../store/queries/read-reasons.ts";
import { invalidInput } from "../domain/errors.ts";
import { checkQuery, type MetricsQuery } from "./metrics-query.ts";
import { dimensionsOf, type MetricsRow, type Rate, rateOf } from "./metrics-row.ts";
import { planRead } from "./read-plan.ts";
import { timeBucketsOf } from "./time-buckets.ts";

/** Suggestions that were revised, or rejected, for a reason. */
export type ReasonRow = {
  readonly bucketStart: Date;
  readonly bucketEnd: Date;
  readonly isPartial: boolean;
  readonly dimensions: MetricsRow["dimensions"];
  readonly outcome: "revised" | "rejected";
  readonly reason: string;
  /** Of all that were revised, or rejected, in the bucket. These shares add up to more than 1 where an event has several reasons. */
  readonly share: Rate;
};

/**
 * Why suggestions were revised or rejected, the most frequent first, by the time at which the person decided and not by
 * that of the suggestion. Only the feedback event that decides counts: who changes their mind is not counted twice.
 * Throws {@link UptakeError} `invalid_input`, also for confidence bands, by which reasons are not kept.
 */
export async function readReasons(db: Queryable, query: MetricsQuery): Promise<ReasonRow[]> {
  checkQuery(query);
  if (query.by.includes("confidenceBand")) {
    throw invalidInput("metrics.by", "reasons are not kept by confidenceBand; leave it out");
  }
  const buckets = timeBucketsOf(query);
  const counts = await readReasonCounts(db, planRead(query, buckets));
  const groupOf = ({ bucketHour, outcome, ...row }: ReasonCount): string =>
    JSON.stringify([bucketHour, outcome, dimensionsOf(row, query.by)]);
  const totals = new Map(counts.filter(isTotal).map((row) => [groupOf(row), row.suggestionCount]));
  const bucketAt = new Map(buckets.map((bucket) => [bucket.startHour, bucket]));
  return counts.flatMap((row) => {
    const bucket = bucketAt.get(row.bucketHour);
    if (bucket === undefined || isTotal(row)) return [];
    return [
      {
        bucketStart: bucket.start,
        bucketEnd: bucket.end,
        isPartial: bucket.isPartial,
        dimensions: dimensionsOf(row, query.by),
        outcome: row.outcome,
        reason: row.reason,
        share: rateOf(row.suggestionCount, totals.get(groupOf(row)) ?? 0),
      },
    ];
  });
}

const isTotal = ({ reason }: ReasonCount): boolean => reason === "";
