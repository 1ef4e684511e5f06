// The public path `uptake`: names listed by hand.
export { createUptake, type Uptake, type UptakeOptions } from "./create-uptake.ts";
export { UptakeError, type ErrorCode, type ErrorFacts } from "./domain/errors.ts";
export type { FeedbackInput, FeedbackSource, FeedbackType, SentInput } from "./domain/feedback.ts";
export type { Logger } from "./domain/logger.ts";
export type { MetricsBucket, MetricsDimension, MetricsRequest } from "./domain/metrics-request.ts";
export type { ObservationLevel, ObservationType, Usage } from "./domain/observation.ts";
export type { OutcomeThresholds } from "./domain/outcome.ts";
export type { FeedbackReceipt } from "./feedback/feedback-service.ts";
export type { SurvivalStep } from "./domain/survival.ts";
export type { MetricsRow, Rate } from "./metrics/metrics-row.ts";
export type { CalibrationBand, CalibrationRow } from "./metrics/read-calibration.ts";
export type { ReasonRow } from "./metrics/read-reasons.ts";
export type { SurvivalRow } from "./metrics/read-survival.ts";
export type {
  Generation,
  GenerateOptions,
  ObservationHandle,
  ObservationUpdate,
  ObserveOptions,
  Run,
  SuggestOptions,
  Suggestion,
  Tracked,
  TrackOptions,
} from "./track/types.ts";
