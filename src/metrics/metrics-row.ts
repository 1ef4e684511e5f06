import { type Histogram, quantile } from "../domain/histogram.ts";
import { startOfHour } from "../domain/hour.ts";
import { wilsonInterval } from "../domain/interval.ts";
import type { MetricsDimension } from "../domain/metrics-request.ts";
import type { MetricsSums } from "../store/queries/read-metrics.ts";

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
  /** Start of the hour or UTC day; of the whole range for `total`. */
  readonly bucketStart: Date;
  /** Only what was asked for in `by`; null is unknown. */
  readonly dimensions: Readonly<Partial<Record<MetricsDimension, string | null>>>;
  readonly suggestionCount: number;
  readonly completedCount: number;
  readonly errorCount: number;
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
  /** errors / (completed + errors) */
  readonly errorRate: Rate;
  readonly latencyP50Ms: number | null;
  readonly latencyP95Ms: number | null;
  readonly latencyMeanMs: number | null;
  readonly latencyKnownCount: number;
  readonly timeToFirstTokenP50Ms: number | null;
  readonly timeToFeedbackP50Ms: number | null;
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
};

const COLUMN_OF = {
  function: "functionName",
  model: "model",
  promptVersion: "promptVersion",
  environment: "environment",
} as const satisfies Record<MetricsDimension, keyof MetricsSums>;

/** The metrics that these sums come to, with the dimensions of `by`. */
export function toMetricsRow(sums: MetricsSums, by: readonly MetricsDimension[]): MetricsRow {
  const { completedCount, errorCount, acceptedCount, revisedCount, rejectedCount } = sums;
  const decidedCount = acceptedCount + revisedCount + rejectedCount;
  return {
    bucketStart: startOfHour(sums.bucketHour),
    dimensions: Object.fromEntries(by.map((dimension) => [dimension, sums[COLUMN_OF[dimension]] || null])),
    suggestionCount: sums.suggestionCount,
    completedCount,
    errorCount,
    shownCount: sums.shownCount,
    decidedCount,
    acceptedCount,
    revisedCount,
    rejectedCount,
    expiredCount: sums.expiredCount,
    successRate: rateOf(acceptedCount, decidedCount),
    usableRate: rateOf(acceptedCount + revisedCount, decidedCount),
    errorRate: rateOf(errorCount, completedCount + errorCount),
    ...durationsOf(sums),
    keptRatioMean: mean(sums.keptRatioPpmSum / 1_000_000, sums.keptRatioCount),
    keptRatioKnownCount: sums.keptRatioCount,
    inputTokens: known(sums.inputTokensSum, sums.inputTokensKnownCount),
    outputTokens: known(sums.outputTokensSum, sums.outputTokensKnownCount),
    inputTokensKnownCount: sums.inputTokensKnownCount,
    outputTokensKnownCount: sums.outputTokensKnownCount,
    costUsd: known(sums.costUsdSum, sums.costKnownCount),
    costKnownCount: sums.costKnownCount,
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

function durationsOf(sums: MetricsSums) {
  const latency: Histogram = { buckets: sums.latencyBuckets, counts: sums.latencyCounts };
  const firstToken: Histogram = { buckets: sums.firstTokenBuckets, counts: sums.firstTokenCounts };
  const feedbackTime: Histogram = { buckets: sums.feedbackTimeBuckets, counts: sums.feedbackTimeCounts };
  return {
    latencyP50Ms: quantile(latency, 0.5) ?? null,
    latencyP95Ms: quantile(latency, 0.95) ?? null,
    latencyMeanMs: mean(sums.latencyMsSum, sums.latencyCount),
    latencyKnownCount: sums.latencyCount,
    timeToFirstTokenP50Ms: quantile(firstToken, 0.5) ?? null,
    timeToFeedbackP50Ms: quantile(feedbackTime, 0.5) ?? null,
  };
}

const mean = (sum: number, count: number): number | null => (count === 0 ? null : sum / count);
const known = (sum: number, count: number): number | null => (count === 0 ? null : sum);
