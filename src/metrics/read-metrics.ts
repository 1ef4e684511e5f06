import type { Queryable } from "../store/database.ts";
import { type MetricsSums, readMetricsSums } from "../store/queries/read-metrics.ts";
import { refuseFrozen } from "./frozen-hours.ts";
import { checkQuery, type MetricsQuery } from "./metrics-query.ts";
import { dimensionsOf, type MetricsRow, type Sums, toMetricsRow } from "./metrics-row.ts";
import { planRead } from "./read-plan.ts";
import { timeBucketsOf } from "./time-buckets.ts";

/**
 * The metrics of a project, ordered by bucket and then by dimensions; up to date to the last commit, whether rolled up
 * yet or not. Every combination of dimensions that occurs in the range has a row in every bucket, an empty one where
 * nothing happened; a range without suggestions has no rows. Throws {@link UptakeError} `invalid_input` for a query that
 * makes no sense.
 *
 *     await readMetrics(db, { projectId: "default", from, to, bucket: "day", by: ["function"], zone: "Europe/Berlin" });
 */
export async function readMetrics(db: Queryable, query: MetricsQuery): Promise<MetricsRow[]> {
  checkQuery(query);
  const buckets = timeBucketsOf(query);
  const plan = planRead(query, buckets);
  if (plan.isRaw) await refuseFrozen(db, plan.fromHour, "metrics by confidence band");
  const found = await readMetricsSums(db, plan);
  const combinations = new Map(found.map((sums) => [combinationOf(sums), dimensionsOf(sums, query.by)]));
  const sumsOf = new Map(found.map((sums) => [`${sums.bucketHour} ${combinationOf(sums)}`, sums]));
  const names = [...combinations].sort(([a], [b]) => (a < b ? -1 : 1));
  return buckets.flatMap((bucket) =>
    names.map(([name, dimensions]) =>
      toMetricsRow(sumsOf.get(`${bucket.startHour} ${name}`) ?? NOTHING, { bucket, dimensions }),
    ),
  );
}

const combinationOf = ({ functionName, model, promptVersion, environment, confidenceBand }: MetricsSums): string =>
  JSON.stringify([functionName, model, promptVersion, environment, confidenceBand]);

const NOTHING: Sums = {
  suggestionCount: 0,
  completedCount: 0,
  errorCount: 0,
  shownCount: 0,
  shownDecidedCount: 0,
  acceptedCount: 0,
  revisedCount: 0,
  rejectedCount: 0,
  expiredCount: 0,
  latencyCount: 0,
  latencyMsSum: 0,
  inputTokensSum: 0,
  outputTokensSum: 0,
  inputTokensKnownCount: 0,
  outputTokensKnownCount: 0,
  costUsdSum: 0,
  costKnownCount: 0,
  completedCostKnownCount: 0,
  keptRatioPpmSum: 0,
  keptRatioCount: 0,
  squaredErrorPpmSum: 0,
  latencyBuckets: [],
  latencyCounts: [],
  firstTokenBuckets: [],
  firstTokenCounts: [],
  feedbackTimeBuckets: [],
  feedbackTimeCounts: [],
  confidenceKeys: [],
  confidenceCounts: [],
  confidencePpmSums: [],
  errorTypes: [],
  errorTypeCounts: [],
};
