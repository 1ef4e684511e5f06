import { bandName } from "../domain/confidence-band.ts";
import { countOf, EMPTY_HISTOGRAM, type Histogram, quantile } from "../domain/histogram.ts";
import { wilsonInterval } from "../domain/interval.ts";
import { type MetricsDimension, type MetricsDuration, metricsDurations } from "../domain/metrics-request.ts";
import type { MetricsSums } from "../store/queries/read-metrics.ts";
import type { TimeBucket } from "./time-buckets.ts";

/**
 * A share with what it was counted from. `value` is 0–1, `low` and `high` its 95 % Wilson interval; all three are null
 * when the denominator is 0, because unknown is not zero.
 */
export type Rate = {
  readonly numerator: number;
  readonly denominator: number;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
};

/**
 * The metrics of one bucket and combination of dimensions. Durations are milliseconds, quantiles within 2 %; whatever
 * is not known is null. A `…KnownCount` says how many suggestions the figure beside it was taken from.
 */
export type MetricsRow = {
  /** Start of the hour or of the zone's day; of the whole range for `total`. */
  readonly bucketStart: Date;
  readonly bucketEnd: Date;
  /** The bucket is not over yet, or the range cuts it. */
  readonly isPartial: boolean;
  /** Only what was asked for in `by`; null is unknown. */
  readonly dimensions: Readonly<Partial<Record<MetricsDimension, string | null>>>;
  readonly suggestionCount: number;
  readonly completedCount: number;
  readonly errorCount: number;
  /** The most frequent first; null where the run did not say. They add up to `errorCount`. */
  readonly errorsByType: readonly { readonly type: string | null; readonly count: number }[];
  readonly shownCount: number;
  /** accepted + revised + rejected. */
  readonly decidedCount: number;
  readonly acceptedCount: number;
  readonly revisedCount: number;
  readonly rejectedCount: number;
  readonly expiredCount: number;
  /** accepted / decided */
  readonly successRate: Rate;
  /** (accepted + revised) / decided */
  readonly usableRate: Rate;
  /** decided / shown, of those that were marked as shown */
  readonly coverage: Rate;
  /** errors / (completed + errors) */
  readonly errorRate: Rate;
  readonly latencyP50Ms: number | null;
  readonly latencyP90Ms: number | null;
  readonly latencyP95Ms: number | null;
  readonly latencyP99Ms: number | null;
  readonly latencyMeanMs: number | null;
  readonly latencyKnownCount: number;
  readonly timeToFirstTokenP50Ms: number | null;
  readonly timeToFirstTokenP90Ms: number | null;
  readonly timeToFirstTokenP95Ms: number | null;
  readonly timeToFirstTokenP99Ms: number | null;
  /** Null where its percentiles were not asked for. */
  readonly timeToFirstTokenKnownCount: number | null;
  readonly timeToFeedbackP50Ms: number | null;
  readonly timeToFeedbackP90Ms: number | null;
  readonly timeToFeedbackP95Ms: number | null;
  readonly timeToFeedbackP99Ms: number | null;
  /** Null where its percentiles were not asked for. */
  readonly timeToFeedbackKnownCount: number | null;
  /** 0–1 */
  readonly keptRatioMean: number | null;
  readonly keptRatioKnownCount: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** How many suggestions the sums are of; a run that states no tokens is in neither. */
  readonly inputTokensKnownCount: number;
  readonly outputTokensKnownCount: number;
  readonly costUsd: number | null;
  readonly costKnownCount: number;
  /** All costs / accepted; null as long as the cost of any completed suggestion is unknown, or nothing was accepted. */
  readonly costPerAcceptedUsd: number | null;
  /** Of `completedCount`. */
  readonly completedCostKnownCount: number;
};

/** The dimensions of `by` that these sums are of; null is unknown. */
export function dimensionsOf(sums: DimensionColumns, by: readonly MetricsDimension[]): MetricsRow["dimensions"] {
  const values: Record<MetricsDimension, string | null> = {
    function: sums.functionName || null,
    model: sums.model || null,
    promptVersion: sums.promptVersion || null,
    environment: sums.environment || null,
    confidenceBand: sums.confidenceBand === null ? null : bandName(sums.confidenceBand),
  };
  return Object.fromEntries(by.map((dimension) => [dimension, values[dimension]]));
}

export type DimensionColumns = Pick<
  MetricsSums,
  "functionName" | "model" | "promptVersion" | "environment" | "confidenceBand"
>;

/** One text for each combination of dimensions; in their order combinations are shown. */
export const combinationOf = (of: DimensionColumns): string =>
  JSON.stringify([of.functionName, of.model, of.promptVersion, of.environment, of.confidenceBand]);

export type Sums = Omit<MetricsSums, keyof DimensionColumns | "bucketHour">;

/** Whose row it is, and of which durations it has percentiles; of all when left out. */
export type RowKey = {
  readonly bucket: TimeBucket;
  readonly dimensions: MetricsRow["dimensions"];
  readonly durations?: readonly MetricsDuration[] | undefined;
};

/** The metrics that these sums come to. */
export function toMetricsRow(sums: Sums, key: RowKey): MetricsRow {
  const { completedCount, errorCount, acceptedCount, revisedCount, rejectedCount, shownCount } = sums;
  const decidedCount = acceptedCount + revisedCount + rejectedCount;
  return {
    bucketStart: key.bucket.start,
    bucketEnd: key.bucket.end,
    isPartial: key.bucket.isPartial,
    dimensions: key.dimensions,
    suggestionCount: sums.suggestionCount,
    completedCount,
    errorCount,
    errorsByType: sums.errorTypes
      .map((type, i) => ({ type: type || null, count: sums.errorTypeCounts[i] ?? 0 }))
      .sort((a, b) => b.count - a.count),
    shownCount,
    decidedCount,
    acceptedCount,
    revisedCount,
    rejectedCount,
    expiredCount: sums.expiredCount,
    successRate: rateOf(acceptedCount, decidedCount),
    usableRate: rateOf(acceptedCount + revisedCount, decidedCount),
    coverage: rateOf(sums.shownDecidedCount, shownCount),
    errorRate: rateOf(errorCount, completedCount + errorCount),
    ...durationsOf(sums, key.durations),
    keptRatioMean: mean(sums.keptRatioPpmSum / 1_000_000, sums.keptRatioCount),
    keptRatioKnownCount: sums.keptRatioCount,
    ...costsOf(sums),
  };
}

/** A share and its interval; all unknown when nothing was counted. */
export function rateOf(numerator: number, denominator: number): Rate {
  const interval = wilsonInterval(numerator, denominator);
  return {
    numerator,
    denominator,
    value: mean(numerator, denominator),
    low: interval?.low ?? null,
    high: interval?.high ?? null,
  };
}

function durationsOf(sums: Sums, asked: readonly MetricsDuration[] = metricsDurations) {
  const ifAsked = (name: MetricsDuration, histogram: Histogram): Histogram | null =>
    asked.includes(name) ? histogram : null;
  const latency = ifAsked("latency", { buckets: sums.latencyBuckets, counts: sums.latencyCounts });
  const firstToken = ifAsked("timeToFirstToken", { buckets: sums.firstTokenBuckets, counts: sums.firstTokenCounts });
  const feedbackTime = ifAsked("timeToFeedback", {
    buckets: sums.feedbackTimeBuckets,
    counts: sums.feedbackTimeCounts,
  });
  return {
    latencyP50Ms: percentile(latency, 50),
    latencyP90Ms: percentile(latency, 90),
    latencyP95Ms: percentile(latency, 95),
    latencyP99Ms: percentile(latency, 99),
    latencyMeanMs: mean(sums.latencyMsSum, sums.latencyCount),
    latencyKnownCount: sums.latencyCount,
    timeToFirstTokenP50Ms: percentile(firstToken, 50),
    timeToFirstTokenP90Ms: percentile(firstToken, 90),
    timeToFirstTokenP95Ms: percentile(firstToken, 95),
    timeToFirstTokenP99Ms: percentile(firstToken, 99),
    timeToFirstTokenKnownCount: firstToken && countOf(firstToken),
    timeToFeedbackP50Ms: percentile(feedbackTime, 50),
    timeToFeedbackP90Ms: percentile(feedbackTime, 90),
    timeToFeedbackP95Ms: percentile(feedbackTime, 95),
    timeToFeedbackP99Ms: percentile(feedbackTime, 99),
    timeToFeedbackKnownCount: feedbackTime && countOf(feedbackTime),
  };
}

function costsOf(sums: Sums) {
  const { completedCount, acceptedCount, completedCostKnownCount } = sums;
  const isCostKnown = completedCostKnownCount === completedCount;
  return {
    inputTokens: known(sums.inputTokensSum, sums.inputTokensKnownCount),
    outputTokens: known(sums.outputTokensSum, sums.outputTokensKnownCount),
    inputTokensKnownCount: sums.inputTokensKnownCount,
    outputTokensKnownCount: sums.outputTokensKnownCount,
    costUsd: known(sums.costUsdSum, sums.costKnownCount),
    costKnownCount: sums.costKnownCount,
    costPerAcceptedUsd: isCostKnown && sums.costKnownCount > 0 ? mean(sums.costUsdSum, acceptedCount) : null,
    completedCostKnownCount,
  };
}

const percentile = (histogram: Histogram | null, percent: number): number | null =>
  quantile(histogram ?? EMPTY_HISTOGRAM, percent / 100) ?? null;
const mean = (sum: number, count: number): number | null => (count === 0 ? null : sum / count);
const known = (sum: number, count: number): number | null => (count === 0 ? null : sum);
