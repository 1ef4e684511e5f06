import type { MetricsRow } from "../api/metrics.ts";
import type { Column } from "../ui/data-table.tsx";

/** One figure of the cards as it goes into their CSV. */
export type HeadlineLine = {
  readonly figure: string;
  readonly value: number | null;
  /** What a rate was counted from, and its 95 % interval; null for what is no rate. */
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** The same figure of the period before. */
  readonly before: number | null;
};

const RATES = [
  ["Success rate", "successRate"],
  ["Error rate", "errorRate"],
  ["Coverage", "coverage"],
] as const;

const FIGURES = [
  ["Latency p50 (ms)", "latencyP50Ms"],
  ["Latency p95 (ms)", "latencyP95Ms"],
  ["Timed runs", "latencyKnownCount"],
  ["Cost per accepted (USD)", "costPerAcceptedUsd"],
  ["Cost known", "completedCostKnownCount"],
  ["Completed", "completedCount"],
  ["Suggestions", "suggestionCount"],
  ["Decided", "decidedCount"],
  ["Accepted", "acceptedCount"],
  ["Revised", "revisedCount"],
  ["Rejected", "rejectedCount"],
] as const;

/** Everything that the cards show, exactly. */
export const headlineLines = (row: MetricsRow, last: MetricsRow | undefined): readonly HeadlineLine[] => [
  ...RATES.map(([figure, key]) => ({ figure, ...row[key], before: last?.[key].value ?? null })),
  ...FIGURES.map(([figure, key]) => ({
    figure,
    value: row[key],
    numerator: null,
    denominator: null,
    low: null,
    high: null,
    before: last?.[key] ?? null,
  })),
];

const FIELDS = ["figure", "value", "numerator", "denominator", "low", "high", "before"] as const;

export const HEADLINE_COLUMNS: readonly Column<HeadlineLine>[] = FIELDS.map((field) => ({
  head: field,
  cell: (line) => line[field],
  value: (line) => line[field],
}));
