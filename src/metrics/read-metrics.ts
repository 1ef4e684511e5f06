import type { Queryable } from "../store/database.ts";
import type { MetricsSums } from "../store/queries/read-metrics.ts";
import { refuseFrozen } from "./frozen-hours.ts";
import { checkQuery, checkRowCount, type MetricsQuery } from "./metrics-query.ts";
import { combinationOf, dimensionsOf, type MetricsRow, type Sums, toMetricsRow } from "./metrics-row.ts";
import { planRead, readSums } from "./read-plan.ts";
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
  if (plan.by.confidenceBand) await refuseFrozen(db, plan.fromHour, "metrics by confidence band");
  const found = await readSums(db, plan);
  const combinations = combine(found, query);
  checkRowCount(buckets.length, combinations.length);
  return buckets.flatMap((bucket) =>
    combinations.map(({ dimensions, sumsAt }) =>
      toMetricsRow(sumsAt.get(bucket.startHour) ?? NOTHING, { bucket, dimensions, durations: query.durations }),
    ),
  );
}

/** What was found of one combination of dimensions. */
type Combination = {
  readonly dimensions: MetricsRow["dimensions"];
  /** By the hour that a bucket starts with. */
  readonly sumsAt: Map<number, MetricsSums>;
};

function combine(found: readonly MetricsSums[], { by }: MetricsQuery): readonly Combination[] {
  const combinations = new Map<string, Combination>();
  for (const sums of found) {
    const name = combinationOf(sums);
    const known = combinations.get(name);
    const { sumsAt } = known ?? { sumsAt: new Map<number, MetricsSums>() };
    sumsAt.set(sums.bucketHour, sums);
    if (known === undefined) combinations.set(name, { dimensions: dimensionsOf(sums, by), sumsAt });
  }
  return [...combinations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, combination]) => combination);
}

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
  openCount: 0,
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
