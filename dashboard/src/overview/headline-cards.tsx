import type { ReactNode } from "react";
import { type MetricsRow, useMetrics } from "../api/metrics.ts";
import {
  formatCount,
  formatDuration,
  formatGrowth,
  formatInterval,
  formatPercent,
  formatPoints,
  formatUsd,
} from "../format/format.ts";
import { CsvButton } from "../ui/data-table.tsx";
import { Loaded } from "../ui/section.tsx";
import type { Filters } from "../url/filters.ts";
import { rangeBefore } from "../url/range.ts";
import { changeOf, type Direction } from "./change.ts";
import { HEADLINE_COLUMNS, headlineLines } from "./headline-lines.ts";

type Rate = MetricsRow["successRate"];

/** The two metrics first, then what explains them; each with what it was counted from and how it changed. */
export function HeadlineCards({ filters }: { readonly filters: Filters }): ReactNode {
  const question = { bucket: "total", durations: "latency" } as const;
  const now = useMetrics(filters, { ...question, range: filters.range });
  const before = useMetrics(filters, { ...question, range: rangeBefore(filters.range) });
  const last = before.data?.[0];
  return (
    <div>
      <Loaded
        query={now}
        isEmpty={([row]) => row === undefined}
        empty="No suggestions in this range."
        skeletonClass="h-36"
      >
        {([row]) =>
          row === undefined ? null : (
            <>
              <Cards row={row} last={last} />
              <CsvButton name="Headline figures" columns={HEADLINE_COLUMNS} rows={headlineLines(row, last)} />
            </>
          )
        }
      </Loaded>
    </div>
  );
}

type CardsProps = { readonly row: MetricsRow; readonly last: MetricsRow | undefined };

function Cards({ row, last }: CardsProps): ReactNode {
  return (
    <section aria-label="Headline figures" className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <RateCard
        title="Success rate"
        rate={row.successRate}
        last={last?.successRate}
        good="up"
        of="decided were accepted"
        isLarge
      />
      <RateCard
        title="Error rate"
        rate={row.errorRate}
        last={last?.errorRate}
        good="down"
        of="finished runs failed"
        isLarge
      />
      <Card title="Latency" value={formatDuration(row.latencyP50Ms)}>
        <Note>p95 {formatDuration(row.latencyP95Ms)}</Note>
        <Note>of {formatCount(row.latencyKnownCount)} timed runs</Note>
        <Shift now={row.latencyP50Ms} before={last?.latencyP50Ms ?? null} />
      </Card>
      <RateCard title="Coverage" rate={row.coverage} last={last?.coverage} good="up" of="shown were decided" />
      <Card title="Cost per accepted" value={formatUsd(row.costPerAcceptedUsd)}>
        <Note>
          cost known of {formatCount(row.completedCostKnownCount)} of {formatCount(row.completedCount)}
        </Note>
        <Shift now={row.costPerAcceptedUsd} before={last?.costPerAcceptedUsd ?? null} />
      </Card>
      <Card title="Suggestions" value={formatCount(row.suggestionCount)}>
        <Note>{formatCount(row.decidedCount)} decided</Note>
        <Note>
          {formatCount(row.acceptedCount)} accepted, {formatCount(row.revisedCount)} revised,{" "}
          {formatCount(row.rejectedCount)} rejected
        </Note>
      </Card>
    </section>
  );
}

const Note = ({ children }: { readonly children: ReactNode }): ReactNode => (
  <p className="text-sm text-soft tabular-nums">{children}</p>
);

type CardProps = {
  readonly title: string;
  readonly value: string;
  readonly isLarge?: boolean;
  readonly children: ReactNode;
};

const Card = ({ title, value, isLarge = false, children }: CardProps): ReactNode => (
  <div className="rounded-lg border border-line bg-surface p-4">
    <h2 className="text-sm font-medium text-soft">{title}</h2>
    <p className={`font-semibold tabular-nums ${isLarge ? "text-3xl" : "text-2xl"}`}>{value}</p>
    {children}
  </div>
);

type RateCardProps = {
  readonly title: string;
  readonly rate: Rate;
  readonly last: Rate | undefined;
  readonly good: Direction;
  /** What the numerator is of the denominator. */
  readonly of: string;
  readonly isLarge?: boolean;
};

function RateCard({ title, rate, last, good, of, isLarge = false }: RateCardProps): ReactNode {
  const change = changeOf(rate, last, good);
  return (
    <Card title={title} value={formatPercent(rate.value)} isLarge={isLarge}>
      <Note>
        {formatCount(rate.numerator)} of {formatCount(rate.denominator)} {of}
      </Note>
      {rate.value === null ? null : <Note>95 %: {formatInterval(rate.low, rate.high)}</Note>}
      {change === undefined ? null : (
        <p
          className={`text-sm tabular-nums ${change.isSure ? (change.isGood ? "text-good" : "text-bad") : "text-soft"}`}
        >
          {formatPoints(change.difference)} {change.isSure ? (change.isGood ? "better" : "worse") : "(may be chance)"}
        </p>
      )}
    </Card>
  );
}

/** How a figure without an interval has changed, as a factor; no judgement, as nothing says what chance would do. */
function Shift({ now, before }: { readonly now: number | null; readonly before: number | null }): ReactNode {
  if (now === null || before === null || before === 0) return null;
  return <Note>{formatGrowth(now / before - 1)} to the period before</Note>;
}
