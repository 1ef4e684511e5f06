import type { ReactNode } from "react";
import { useSearchParams } from "wouter";
import { type MetricsRow, useMetrics } from "../api/metrics.ts";
import { FilterBar } from "../ui/filter-bar.tsx";
import { Page } from "../ui/page.tsx";
import { Section } from "../ui/section.tsx";
import { Select } from "../ui/select.tsx";
import { type FilterName, type Filters, useFilters } from "../url/filters.ts";
import { rangeBefore } from "../url/range.ts";
import { ComparisonTable } from "./comparison-table.tsx";
import { Examples } from "./examples.tsx";

const KINDS = [
  { value: "promptVersion", text: "Prompt versions" },
  { value: "model", text: "Models" },
  { value: "function", text: "Agent functions" },
  { value: "environment", text: "Environments" },
  { value: "period", text: "This period and the one before" },
] as const;
type Kind = (typeof KINDS)[number]["value"];

/** One of the two that are compared. */
export type Side = { readonly name: string; readonly filters: Filters; readonly row: MetricsRow };

/** Two prompt versions, models or periods side by side, with how sure their difference is. */
export function ComparePage(): ReactNode {
  const [filters, change] = useFilters();
  const [search] = useSearchParams();
  const kind: Kind = KINDS.find(({ value }) => value === search.get("compare"))?.value ?? "promptVersion";
  return (
    <Page title="Compare" controls={<FilterBar filters={filters} change={change} />}>
      <div>
        <Select
          label="Compare"
          value={kind}
          options={KINDS}
          onChange={(value) => change({ compare: value, a: null, b: null })}
        />
      </div>
      {kind === "period" ? <Periods filters={filters} /> : <Versions filters={filters} kind={kind} />}
    </Page>
  );
}

function Periods({ filters }: { readonly filters: Filters }): ReactNode {
  const before = { ...filters, range: rangeBefore(filters.range) };
  const now = useMetrics(filters, { range: filters.range, bucket: "total", durations: "latency" });
  const then = useMetrics(before, { range: before.range, bucket: "total", durations: "latency" });
  const [a, b] = [then.data?.[0], now.data?.[0]];
  return (
    <Section
      title="Period before against this period"
      query={then.data === undefined ? then : now}
      isEmpty={() => a === undefined || b === undefined}
      empty="One of the two periods has no suggestions, so there is nothing to compare. Choose another range, or compare something else."
    >
      {() =>
        a === undefined || b === undefined ? null : (
          <Sides a={{ name: "before", filters: before, row: a }} b={{ name: "now", filters, row: b }} />
        )
      }
    </Section>
  );
}

type VersionsProps = { readonly filters: Filters; readonly kind: FilterName };

function Versions({ filters, kind }: VersionsProps): ReactNode {
  const query = useMetrics(filters, { range: filters.range, bucket: "total", by: [kind], durations: "latency" });
  return (
    <Section
      title="Side by side"
      query={query}
      isEmpty={(rows) => named(rows, kind).length < 2}
      empty="There is only one in this range, so there is nothing to compare. Widen the range, or compare something else."
    >
      {(rows) => <Chosen rows={named(rows, kind)} filters={filters} kind={kind} />}
    </Section>
  );
}

type Named = { readonly name: string; readonly row: MetricsRow };

/** The rows whose name is known, the most used first. */
const named = (rows: readonly MetricsRow[], kind: FilterName): readonly Named[] =>
  rows
    .flatMap((row) => {
      const name = row.dimensions[kind] ?? null;
      return name === null ? [] : [{ name, row }];
    })
    .sort((a, b) => b.row.suggestionCount - a.row.suggestionCount);

function Chosen({ rows, filters, kind }: VersionsProps & { readonly rows: readonly Named[] }): ReactNode {
  const [search] = useSearchParams();
  const [, change] = useFilters();
  const options = rows.map(({ name }) => ({ value: name, text: name }));
  const a = rows.find(({ name }) => name === search.get("a")) ?? rows[1];
  const b = rows.find(({ name }) => name === search.get("b")) ?? rows.find((row) => row !== a);
  if (a === undefined || b === undefined) return null;
  const sideOf = ({ name, row }: Named): Side => ({
    name: kind === "promptVersion" ? `version ${name}` : name,
    row,
    filters: { ...filters, only: { ...filters.only, [kind]: name } },
  });
  return (
    <>
      <div className="mb-3 flex flex-wrap gap-2">
        <Select label="One" value={a.name} options={options} onChange={(value) => change({ a: value })} />
        <Select label="Other" value={b.name} options={options} onChange={(value) => change({ b: value })} />
      </div>
      <Sides a={sideOf(a)} b={sideOf(b)} />
    </>
  );
}

function Sides({ a, b }: { readonly a: Side; readonly b: Side }): ReactNode {
  return (
    <div className="grid grid-cols-1 gap-6">
      <ComparisonTable a={a} b={b} />
      <Examples a={a} b={b} />
    </div>
  );
}
