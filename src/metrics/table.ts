import type { MetricsBucket, MetricsDimension } from "../domain/metrics-request.ts";
import {
  formatCount,
  formatDay,
  formatDuration,
  formatDurationPair,
  formatRate,
  formatTimeOfDay,
  UNKNOWN,
} from "./format.ts";
import type { MetricsRow } from "./metrics-row.ts";

type Layout = { readonly bucket: MetricsBucket; readonly by: readonly MetricsDimension[] };

type Column = {
  /** Three header lines. */
  readonly head: readonly [string, string, string];
  /** Blank columns before it; little between counts that belong together, so that a line fits 140 columns. */
  readonly gap: number;
  readonly cell: (row: MetricsRow) => string;
};

const METRIC_COLUMNS: readonly Column[] = [
  { head: ["", "sugges-", "tions"], gap: 1, cell: (row) => formatCount(row.suggestionCount) },
  { head: ["", "", "errors"], gap: 1, cell: (row) => formatCount(row.errorCount) },
  { head: ["", "", "decided"], gap: 1, cell: (row) => formatCount(row.decidedCount) },
  { head: ["", "", "accepted"], gap: 1, cell: (row) => formatCount(row.acceptedCount) },
  { head: ["", "", "revised"], gap: 1, cell: (row) => formatCount(row.revisedCount) },
  { head: ["", "", "rejected"], gap: 1, cell: (row) => formatCount(row.rejectedCount) },
  { head: ["", "success rate", "[95 %] of decided"], gap: 2, cell: (row) => formatRate(row.successRate) },
  { head: ["", "error rate", "[95 %] of finished"], gap: 2, cell: (row) => formatRate(row.errorRate) },
  { head: ["", "latency", "p50 / p95"], gap: 2, cell: (row) => formatDurationPair(row.latencyP50Ms, row.latencyP95Ms) },
  { head: ["time to", "feedback", "p50"], gap: 1, cell: (row) => formatDuration(row.timeToFeedbackP50Ms) },
];

/**
 * Metrics as text for a terminal, one line a row, times in UTC. Rows that share their dimensions (and, by the hour,
 * their day) stand under one heading, since names of agent functions are long and a line has to fit 140 columns.
 * Ends with a line feed.
 */
export function metricsTable(rows: readonly MetricsRow[], layout: Layout): string {
  if (rows.length === 0) return "No suggestions in this range.\n";
  const columns = [...bucketColumn(layout.bucket), ...METRIC_COLUMNS];
  const cells = rows.map((row) => ({ heading: headingOf(row, layout), texts: columns.map(({ cell }) => cell(row)) }));
  const widths = columns.map(({ head }, i) =>
    Math.max(...head.map((line) => line.length), ...cells.map(({ texts }) => texts[i]?.length ?? 0)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => " ".repeat(i === 0 ? 0 : (columns[i]?.gap ?? 1)) + text.padStart(widths[i] ?? 0))
      .join("")
      .trimEnd();

  const header = ([0, 1, 2] as const).map((i) => line(columns.map(({ head }) => head[i])));
  const groups = new Map<string, string[]>();
  for (const { heading, texts } of cells) {
    const group = groups.get(heading) ?? (heading === "" ? [] : [heading]);
    group.push(line(texts));
    groups.set(heading, group);
  }
  return `${[...header, ...[...groups.values()].flat()].join("\n")}\n`;
}

function bucketColumn(bucket: MetricsBucket): readonly Column[] {
  if (bucket === "total") return [];
  const cell = (row: MetricsRow): string =>
    bucket === "day" ? formatDay(row.bucketStart) : formatTimeOfDay(row.bucketStart);
  return [{ head: ["", "", "UTC"], gap: 0, cell }];
}

function headingOf(row: MetricsRow, { bucket, by }: Layout): string {
  const parts = by.map((dimension) => {
    const value = row.dimensions[dimension] ?? UNKNOWN;
    return dimension === "promptVersion" ? `prompt ${value}` : value;
  });
  if (bucket === "hour") parts.push(formatDay(row.bucketStart));
  return parts.join(" · ");
}
