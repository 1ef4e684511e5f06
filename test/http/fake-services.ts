import type { Admission } from "../../src/http/add-routes.ts";
import { openTo } from "../../src/http/caller.ts";
import type { DeskServices } from "../../src/http/desk-services.ts";
import type { FunctionServices } from "../../src/http/function-services.ts";
import type { HttpMirrorStatus, HttpServices } from "../../src/http/services.ts";
import type { Sessions } from "../../src/service/sessions.ts";
import { rateOf, type MetricsRow } from "../../src/metrics/metrics-row.ts";

export const NOW = Date.parse("2026-11-22T10:20:30.400Z");

/** A row of 16 decided suggestions, 10 of them accepted, with some of its figures replaced. */
export function metricsRow(replaced: Partial<MetricsRow> = {}): MetricsRow {
  return {
    bucketStart: new Date("2026-11-22T09:00:00Z"),
    bucketEnd: new Date("2026-11-22T10:00:00Z"),
    isPartial: false,
    dimensions: {},
    suggestionCount: 40,
    completedCount: 38,
    errorCount: 2,
    errorsByType: [{ type: "TimeoutError", count: 2 }],
    shownCount: 38,
    decidedCount: 16,
    acceptedCount: 10,
    revisedCount: 4,
    rejectedCount: 2,
    expiredCount: 0,
    successRate: rateOf(10, 16),
    usableRate: rateOf(14, 16),
    coverage: rateOf(16, 38),
    errorRate: rateOf(2, 40),
    latencyP50Ms: 850,
    latencyP90Ms: 2600,
    latencyP95Ms: 3200,
    latencyP99Ms: 4100,
    latencyMeanMs: 1000,
    latencyKnownCount: 40,
    timeToFirstTokenP50Ms: null,
    timeToFirstTokenP90Ms: null,
    timeToFirstTokenP95Ms: null,
    timeToFirstTokenP99Ms: null,
    timeToFirstTokenKnownCount: 0,
    timeToFeedbackP50Ms: 65_000,
    timeToFeedbackP90Ms: 300_000,
    timeToFeedbackP95Ms: 600_000,
    timeToFeedbackP99Ms: 3_600_000,
    timeToFeedbackKnownCount: 16,
    keptRatioMean: 0.9,
    keptRatioKnownCount: 16,
    inputTokens: null,
    outputTokens: null,
    inputTokensKnownCount: 0,
    outputTokensKnownCount: 0,
    costUsd: null,
    costKnownCount: 0,
    costPerAcceptedUsd: null,
    completedCostKnownCount: 0,
    ...replaced,
  };
}

export const mirrorStatus: HttpMirrorStatus = {
  target: "https://langfuse.example.com",
  waitingCount: 3,
  oldestWaitingSeconds: 90,
  heldCount: 4,
  sampling: {
    kept: [
      { rule: "sample", traceCount: 20 },
      { rule: "rejection", traceCount: 9 },
    ],
    leftOut: [{ rule: "not-sampled", traceCount: 380, feedbackCount: 57 }],
    unitsToday: 812,
    dailyUnitLimit: 1000,
  },
  deliveredLastMinuteCount: 5,
  deliveredTraceCount: 37,
  deliveredFeedbackCount: 16,
  deliveredScoreCount: 70,
  deliveredFeedbackObservationCount: 16,
  deadCount: 1,
  dead: [
    {
      kind: "trace",
      reason: "refused",
      count: 1,
      newestRef: "0199d1c0-5b5f-7000-8000-3f3c9a2b1e4d",
      newestAt: new Date(NOW),
    },
  ],
  workers: [],
  lastVerification: null,
};

const notAsked = () => Promise.reject(new Error("nobody should ask for this"));

export const fakeServices = (replaced: Partial<HttpServices> = {}): HttpServices => ({
  takeSuggestions: notAsked,
  feedbackToken: () => null,
  takeFeedback: notAsked,
  sent: notAsked,
  shown: notAsked,
  browse: notAsked,
  suggestion: notAsked,
  metrics: () => Promise.resolve([metricsRow()]),
  reasons: notAsked,
  calibration: notAsked,
  survival: notAsked,
  mirror: () => Promise.resolve(mirrorStatus),
  retryDead: notAsked,
  setUp: notAsked,
  doctor: notAsked,
  listen: () => () => {},
  exposition: () => Promise.resolve({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "up 1\n" }),
  isReady: () => Promise.resolve(true),
  ...replaced,
});

/** Whoever asks may do everything in the project `default`, as often as they like. */
export const openAdmission: Admission = { authenticate: openTo("default"), admit: () => Promise.resolve() };

/** Described only. */
export const noFunctions: FunctionServices = {
  suggestReply: notAsked,
  respond: notAsked,
  classify: notAsked,
  decide: notAsked,
};
export const noDesk: DeskServices = {
  tickets: notAsked,
  ticket: notAsked,
  reply: notAsked,
  suggest: notAsked,
  classify: notAsked,
  decide: notAsked,
};
export const noSessions: Sessions = { begin: notAsked, ownerOf: notAsked, end: notAsked };
