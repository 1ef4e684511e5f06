import type { ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import { type Dimension, type MetricsRow, useMetrics } from "../api/metrics.ts";
import { formatCount, formatDuration, formatInterval, formatPercent, formatUsd, UNKNOWN } from "../format/format.ts";
import { type Column, DataTable } from "../ui/data-table.tsx";
import { Section } from "../ui/section.tsx";
import { Select } from "../ui/select.tsx";
import { type Filters, filterSearch, useFilters } from "../url/filters.ts";

const DIMENSIONS = [
  { value: "function", text: "Agent function" },
  { value: "model", text: "Model" },
  { value: "promptVersion", text: "Prompt version" },
  { value: "environment", text: "Environment" },
  { value: "confidenceBand", text: "Confidence band" },
] as const satisfies readonly { readonly value: Dimension; readonly text: string }[];

type Rate = MetricsRow["successRate"];

const RateCell = ({ rate }: { readonly rate: Rate }): ReactNode =>
  rate.value === null ? (
    UNKNOWN
  ) : (
    <>
      {formatPercent(rate.value)}
      <small className="block text-soft">
        {formatCount(rate.numerator)}/{formatCount(rate.denominator)}, {formatInterval(rate.low, rate.high)}
      </small>
    </>
  );

const COLUMNS: readonly Column<MetricsRow>[] = [
  { head: "Success rate", cell: (row) => <RateCell rate={row.successRate} />, value: (row) => row.successRate.value },
  { head: "Error rate", cell: (row) => <RateCell rate={row.errorRate} />, value: (row) => row.errorRate.value },
  { head: "Coverage", cell: (row) => <RateCell rate={row.coverage} />, value: (row) => row.coverage.value },
  { head: "Latency p50", cell: (row) => formatDuration(row.latencyP50Ms), value: (row) => row.latencyP50Ms },
  { head: "Latency p95", cell: (row) => formatDuration(row.latencyP95Ms), value: (row) => row.latencyP95Ms },
  {
    head: "Cost per accepted",
    cell: (row) => formatUsd(row.costPerAcceptedUsd),
    value: (row) => row.costPerAcceptedUsd,
  },
];

/** How many; where they can be listed, as a link to them. */
function countColumn(by: Dimension, linkTo: (value: string) => string): Column<MetricsRow> {
  return {
    head: "Suggestions",
    cell: ({ suggestionCount, dimensions }) => {
      const name = dimensions[by] ?? null;
      const text = formatCount(suggestionCount);
      if (name === null || by === "confidenceBand") return text;
      return (
        <Link
          href={linkTo(name)}
          className="text-accent underline"
          aria-label={`List the ${text} suggestions of ${name}`}
        >
          {text}
        </Link>
      );
    },
    value: ({ suggestionCount }) => suggestionCount,
  };
}

/** What the rows differ in; a button that narrows the page down to it where it can be narrowed down to. */
function nameColumn(by: Dimension, narrow: (value: string) => void): Column<MetricsRow> {
  return {
    head: DIMENSIONS.find(({ value }) => value === by)?.text ?? by,
    align: "left",
    cell: ({ dimensions }) => {
      const name = dimensions[by] ?? null;
      if (name === null) return <span className="text-soft">not known</span>;
      if (by === "confidenceBand") return name;
      return (
        <button type="button" className="text-left text-accent hover:underline" onClick={() => narrow(name)}>
          {name}
        </button>
      );
    },
    value: ({ dimensions }) => dimensions[by] ?? null,
  };
}

/** The same figures by one dimension; choosing a row narrows the page down to it. */
export function BreakdownSection({ filters }: { readonly filters: Filters }): ReactNode {
  const [search] = useSearchParams();
  const [, change] = useFilters();
  const by = DIMENSIONS.find(({ value }) => value === search.get("by"))?.value ?? "function";
  const query = useMetrics(filters, { range: filters.range, bucket: "total", by: [by], durations: "latency" });
  const linkTo = (value: string): string => `/suggestions${filterSearch(search, { [by]: value })}`;
  const narrow = (value: string): void => change({ [by]: value });
  return (
    <Section
      title="Breakdown"
      actions={<Select label="By" value={by} options={DIMENSIONS} onChange={(value) => change({ by: value })} />}
      query={query}
      isEmpty={(rows) => rows.length === 0}
      empty="No suggestions in this range."
    >
      {(rows) => (
        <DataTable
          name={`Breakdown by ${by}`}
          columns={[nameColumn(by, narrow), countColumn(by, linkTo), ...COLUMNS]}
          rows={[...rows].sort((a, b) => b.suggestionCount - a.suggestionCount)}
          rowKey={(row) => String(row.dimensions[by])}
        />
      )}
    </Section>
  );
}
