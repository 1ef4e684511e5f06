import { z } from "zod";
import { metricsBuckets, metricsDimensions, metricsDurations, metricsFilters } from "../domain/metrics-request.ts";
import { count, instant, rate, share } from "./primitives.ts";

/** What was asked, as it was understood. */
export const metricsQuestion = {
  from: instant,
  to: instant,
  bucket: z.enum(metricsBuckets),
  by: z.array(z.enum(metricsDimensions)),
  zone: z.string(),
  only: z
    .partialRecord(z.enum(metricsFilters), z.string())
    .optional()
    .meta({ description: "What was left of the suggestions; all of them where it is missing." }),
  durations: z.array(z.enum(metricsDurations)).optional(),
};

/** Which stretch of time and which combination of dimensions a row is of. */
export const metricsRowKey = {
  bucketStart: instant,
  bucketEnd: instant,
  isPartial: z.boolean().meta({ description: "The bucket is not over yet, or the range cuts it." }),
};

export const dimensions = z
  .partialRecord(z.enum(metricsDimensions), z.string().nullable())
  .meta({ id: "Dimensions", description: "Only what was asked for in `by`; null is unknown." });

const ms = z.number().nullable();

/** Every figure is defined in docs/metrics.md; null is unknown. */
export const metricsRow = z
  .strictObject({
    ...metricsRowKey,
    dimensions,
    suggestionCount: count,
    completedCount: count,
    errorCount: count,
    errorsByType: z.array(z.strictObject({ type: z.string().nullable(), count })),
    shownCount: count,
    decidedCount: count,
    acceptedCount: count,
    revisedCount: count,
    rejectedCount: count,
    expiredCount: count,
    successRate: rate,
    usableRate: rate,
    coverage: rate,
    errorRate: rate,
    latencyP50Ms: ms,
    latencyP90Ms: ms,
    latencyP95Ms: ms,
    latencyP99Ms: ms,
    latencyMeanMs: ms,
    latencyKnownCount: count,
    timeToFirstTokenP50Ms: ms,
    timeToFirstTokenP90Ms: ms,
    timeToFirstTokenP95Ms: ms,
    timeToFirstTokenP99Ms: ms,
    timeToFirstTokenKnownCount: count.nullable(),
    timeToFeedbackP50Ms: ms,
    timeToFeedbackP90Ms: ms,
    timeToFeedbackP95Ms: ms,
    timeToFeedbackP99Ms: ms,
    timeToFeedbackKnownCount: count.nullable(),
    keptRatioMean: share.nullable(),
    keptRatioKnownCount: count,
    inputTokens: count.nullable(),
    outputTokens: count.nullable(),
    inputTokensKnownCount: count,
    outputTokensKnownCount: count,
    costUsd: z.number().nullable(),
    costKnownCount: count,
    costPerAcceptedUsd: z.number().nullable(),
    completedCostKnownCount: count,
  })
  .meta({ id: "MetricsRow" });

export const metricsAnswer = z
  .strictObject({ ...metricsQuestion, rows: z.array(metricsRow) })
  .meta({ id: "MetricsAnswer" });

export type MetricsAnswer = z.infer<typeof metricsAnswer>;
