import { type ReactNode, useMemo } from "react";
import { type MetricsRow, useMetrics } from "../api/metrics.ts";
import { LineChart, type LineSeries } from "../charts/line-chart.tsx";
import type { ColorToken } from "../charts/theme.ts";
import { formatDuration, formatPercent } from "../format/format.ts";
import { Section } from "../ui/section.tsx";
import type { Filters } from "../url/filters.ts";
import { type Note, versionNotes } from "./version-notes.ts";

type SeriesProps = { readonly filters: Filters; readonly bucket: "hour" | "day" };

const isEmpty = (rows: readonly MetricsRow[]): boolean => rows.every(({ suggestionCount }) => suggestionCount === 0);

/** Success rate and error rate over time, each in the band of its interval. */
export function RatesSection({ filters, bucket }: SeriesProps): ReactNode {
  const question = { range: filters.range, bucket };
  const query = useMetrics(filters, question);
  const byVersion = useMetrics(filters, { ...question, by: ["promptVersion"] });
  const byModel = useMetrics(filters, { ...question, by: ["model"] });
  const notes = useMemo(
    () => [...versionNotes(byVersion.data ?? [], "promptVersion"), ...versionNotes(byModel.data ?? [], "model")],
    [byVersion.data, byModel.data],
  );
  return (
    <Section
      title="Success rate and error rate"
      hint={`By ${bucket}; the band is the 95 % interval, a shaded end is not over yet.`}
      query={query}
      isEmpty={isEmpty}
      empty="No suggestions in this range. Widen it, or take a filter away."
      skeletonClass="h-64"
    >
      {(rows) => <RatesChart rows={rows} zone={filters.zone} notes={notes} />}
    </Section>
  );
}

type ChartProps = { readonly rows: readonly MetricsRow[]; readonly zone: string };

const timesOf = (rows: readonly MetricsRow[]): readonly number[] =>
  rows.map(({ bucketStart }) => Date.parse(bucketStart));

function partialFromMs(rows: readonly MetricsRow[]): number | undefined {
  const last = rows.at(-1);
  return last?.isPartial === true ? Date.parse(last.bucketStart) : undefined;
}

function rateSeries(
  rows: readonly MetricsRow[],
  rate: "successRate" | "errorRate",
  name: string,
  color: ColorToken,
): LineSeries {
  return {
    name,
    color,
    values: rows.map((row) => row[rate].value),
    band: { low: rows.map((row) => row[rate].low), high: rows.map((row) => row[rate].high) },
    basis: rows.map((row) => `${row[rate].numerator} of ${row[rate].denominator}`),
  };
}

function RatesChart({ rows, zone, notes }: ChartProps & { readonly notes: readonly Note[] }): ReactNode {
  const series = useMemo(
    () => [rateSeries(rows, "successRate", "Success", "series-3"), rateSeries(rows, "errorRate", "Errors", "series-2")],
    [rows],
  );
  return (
    <TimeChart
      name="Success rate and error rate"
      rows={rows}
      zone={zone}
      series={series}
      format={formatPercent}
      max={1}
      notes={notes}
    />
  );
}

/** Latency over time: what half of the runs, and what all but one in twenty, stay under. */
export function SpeedSection({ filters, bucket }: SeriesProps): ReactNode {
  const query = useMetrics(filters, { range: filters.range, bucket, durations: "latency" });
  return (
    <Section
      title="Latency"
      hint={`By ${bucket}; from the start of a run to its end, within 2 %.`}
      query={query}
      isEmpty={(rows) => rows.every(({ latencyKnownCount }) => latencyKnownCount === 0)}
      empty="No timed runs in this range."
      skeletonClass="h-64"
    >
      {(rows) => <SpeedChart rows={rows} zone={filters.zone} />}
    </Section>
  );
}

function SpeedChart({ rows, zone }: ChartProps): ReactNode {
  const series = useMemo(
    (): readonly LineSeries[] => [
      { name: "p50", color: "series-1", values: rows.map(({ latencyP50Ms }) => latencyP50Ms) },
      { name: "p95", color: "series-4", values: rows.map(({ latencyP95Ms }) => latencyP95Ms) },
    ],
    [rows],
  );
  return <TimeChart name="Latency" rows={rows} zone={zone} series={series} format={formatDuration} />;
}

type TimeChartProps = ChartProps & {
  readonly name: string;
  readonly series: readonly LineSeries[];
  readonly format: (value: number | null) => string;
  readonly max?: number;
  readonly notes?: readonly Note[];
};

/** A chart whose object stays the same while its rows do, so that it is not drawn anew for nothing. */
function TimeChart({ rows, ...rest }: TimeChartProps): ReactNode {
  const times = useMemo(() => timesOf(rows), [rows]);
  return <LineChart {...rest} times={times} partialFromMs={partialFromMs(rows)} />;
}
