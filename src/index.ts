// The public path `uptake`: names listed by hand.
export { createUptake, type MaskOptions, type Uptake, type UptakeOptions } from "./create-uptake.ts";
export { UptakeError, type ErrorCode, type ErrorFacts } from "./domain/errors.ts";
export type { FeedbackInput, FeedbackSource, FeedbackType, SentInput, ShownInput } from "./domain/feedback.ts";
export type { Instruments } from "./domain/instruments.ts";
export type { Logger } from "./domain/logger.ts";
export type { MetricsBucket, MetricsDimension, MetricsRequest } from "./domain/metrics-request.ts";
export type { ModelPrice, ModelPrices } from "./domain/prices.ts";
export type { ObservationLevel, ObservationType, Usage } from "./domain/observation.ts";
export type { MaskRuleName } from "./domain/privacy.ts";
export type { OutcomeThresholds } from "./domain/outcome.ts";
export type { Reason, ReasonSet, ReasonTaxonomy } from "./domain/reasons.ts";
export type { SentPart } from "./domain/sent-parts.ts";
export type { ShownReceipt, ShownResult } from "./feedback/shown.ts";
export type { FeedbackReceipt, FeedbackResult } from "./feedback/write-events.ts";
export type { SurvivalStep } from "./domain/survival.ts";
export type { MetricsRow, Rate } from "./metrics/metrics-row.ts";
export type { CalibrationBand, CalibrationRow } from "./metrics/read-calibration.ts";
export type { ReasonRow } from "./metrics/read-reasons.ts";
export type { SurvivalRow } from "./metrics/read-survival.ts";
export type { OwnRule } from "./privacy/own-rules.ts";
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
