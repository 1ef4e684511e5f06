import { bucketColumns, headingIn, type Layout, partialNote } from "./bucket-column.ts";
import {
  formatCount,
  formatDuration,
  formatDurationPair,
  formatKnown,
  formatRate,
  formatRatio,
  formatUsd,
} from "./format.ts";
import type { MetricsRow } from "./metrics-row.ts";
import { type Column, textTable } from "./text-table.ts";

const SUGGESTIONS: Column<MetricsRow> = {
  head: ["", "sugges-", "tions"],
  gap: 1,
  cell: (row) => formatCount(row.suggestionCount),
};
const ERROR_RATE: Column<MetricsRow> = {
  head: ["", "error rate", "[95 %] of finished"],
  gap: 2,
  cell: (row) => formatRate(row.errorRate),
};
const SUCCESS_RATE: Column<MetricsRow> = {
  head: ["", "success rate", "[95 %] of decided"],
  gap: 2,
  cell: (row) => formatRate(row.successRate),
};

const count = (name: string, valueOf: (row: MetricsRow) => number): Column<MetricsRow> => ({
  head: ["", "", name],
  gap: 1,
  cell: (row) => formatCount(valueOf(row)),
});

const percentiles = (
  name: string,
  kind: "latency" | "timeToFirstToken" | "timeToFeedback",
): readonly Column<MetricsRow>[] =>
  ([50, 90, 95, 99] as const).map((percent, i) => ({
    head: ["", i === 0 ? name : "", `p${percent}`],
    gap: i === 0 ? 3 : 1,
    cell: (row) => formatDuration(row[`${kind}P${percent}Ms`]),
  }));

/** The tables of metrics, one line a bucket. */
export const rowViews = {
  summary: [
    SUGGESTIONS,
    count("errors", (row) => row.errorCount),
    count("decided", (row) => row.decidedCount),
    count("accepted", (row) => row.acceptedCount),
    count("revised", (row) => row.revisedCount),
    count("rejected", (row) => row.rejectedCount),
    SUCCESS_RATE,
    ERROR_RATE,
    {
      head: ["", "latency", "p50 / p95"],
      gap: 2,
      cell: (row) => formatDurationPair(row.latencyP50Ms, row.latencyP95Ms),
    },
    { head: ["time to", "feedback", "p50"], gap: 1, cell: (row) => formatDuration(row.timeToFeedbackP50Ms) },
  ],
  rates: [
    SUGGESTIONS,
    SUCCESS_RATE,
    { head: ["", "usable rate", "[95 %] of decided"], gap: 2, cell: (row) => formatRate(row.usableRate) },
    { head: ["", "coverage", "[95 %] of shown"], gap: 2, cell: (row) => formatRate(row.coverage) },
    ERROR_RATE,
    { head: ["", "kept", "ratio"], gap: 2, cell: (row) => formatRatio(row.keptRatioMean) },
  ],
  speed: [
    SUGGESTIONS,
    ...percentiles("latency", "latency"),
    ...percentiles("to first token", "timeToFirstToken"),
    ...percentiles("to feedback", "timeToFeedback"),
  ],
  cost: [
    SUGGESTIONS,
    count("completed", (row) => row.completedCount),
    count("accepted", (row) => row.acceptedCount),
    {
      head: ["", "input tokens", "(known of all)"],
      gap: 2,
      cell: (row) => formatKnown(formatCount(row.inputTokens), row.inputTokensKnownCount, row.suggestionCount),
    },
    {
      head: ["", "output tokens", "(known of all)"],
      gap: 2,
      cell: (row) => formatKnown(formatCount(row.outputTokens), row.outputTokensKnownCount, row.suggestionCount),
    },
    {
      head: ["", "cost, USD", "(known of all)"],
      gap: 2,
      cell: (row) => formatKnown(formatUsd(row.costUsd), row.costKnownCount, row.suggestionCount),
    },
    {
      head: ["cost per accepted,", "USD (cost known", "of completed)"],
      gap: 2,
      cell: (row) => formatKnown(formatUsd(row.costPerAcceptedUsd), row.completedCostKnownCount, row.completedCount),
    },
  ],
  errors: [
    SUGGESTIONS,
    count("errors", (row) => row.errorCount),
    ERROR_RATE,
    {
      head: ["", "", "by type"],
      gap: 2,
      align: "left",
      cell: (row) => row.errorsByType.map(({ type, count }) => `${type ?? "unknown"} ${count}`).join(", "),
    },
  ],
} as const satisfies Record<string, readonly Column<MetricsRow>[]>;

export type RowView = keyof typeof rowViews;

/** Metrics as text for a terminal, one line a row, times in the layout's zone. A bucket without suggestions says only that. */
export function metricsTable(rows: readonly MetricsRow[], layout: Layout, view: RowView = "summary"): string {
  if (rows.length === 0) return "No suggestions in this range.\n";
  const columns = rowViews[view].map((column: Column<MetricsRow>) => ({
    ...column,
    cell: (row: MetricsRow) => (row.suggestionCount === 0 && column !== SUGGESTIONS ? "" : column.cell(row)),
  }));
  return textTable(rows, [...bucketColumns(rows, layout), ...columns], headingIn(layout)) + partialNote(rows, layout);
}
