import type { ReactNode } from "react";
import type { MetricsRow, Rate } from "../api/metrics.ts";
import {
  formatCount,
  formatDuration,
  formatInterval,
  formatPercent,
  formatPoints,
  formatPValue,
  formatRatio,
  formatUsd,
  UNKNOWN,
} from "../format/format.ts";
import { differenceOf, SMALL_SAMPLE } from "../stats/difference.ts";
import { type Column, DataTable } from "../ui/data-table.tsx";
import type { Side } from "./compare-page.tsx";

type Pair = { readonly a: MetricsRow; readonly b: MetricsRow };

type Line = {
  readonly head: string;
  readonly rate?: (row: MetricsRow) => Rate;
  /** Whether more is better; for rates only. */
  readonly good?: "up" | "down";
  readonly figure?: (row: MetricsRow) => { readonly text: string; readonly value: number | null };
};

const count = (pick: (row: MetricsRow) => number) => (row: MetricsRow) => ({
  text: formatCount(pick(row)),
  value: pick(row),
});

const LINES: readonly Line[] = [
  { head: "Suggestions", figure: count(({ suggestionCount }) => suggestionCount) },
  { head: "Decided", figure: count(({ decidedCount }) => decidedCount) },
  { head: "Success rate", rate: ({ successRate }) => successRate, good: "up" },
  { head: "Usable rate", rate: ({ usableRate }) => usableRate, good: "up" },
  { head: "Error rate", rate: ({ errorRate }) => errorRate, good: "down" },
  { head: "Coverage", rate: ({ coverage }) => coverage, good: "up" },
  { head: "Kept", figure: ({ keptRatioMean }) => ({ text: formatRatio(keptRatioMean), value: keptRatioMean }) },
  { head: "Latency p50", figure: ({ latencyP50Ms }) => ({ text: formatDuration(latencyP50Ms), value: latencyP50Ms }) },
  { head: "Latency p95", figure: ({ latencyP95Ms }) => ({ text: formatDuration(latencyP95Ms), value: latencyP95Ms }) },
  {
    head: "Cost per accepted",
    figure: ({ costPerAcceptedUsd }) => ({ text: formatUsd(costPerAcceptedUsd), value: costPerAcceptedUsd }),
  },
];

/** The same figures of both; for rates the difference, its interval and how likely chance alone would make it. */
export function ComparisonTable({ a, b }: { readonly a: Side; readonly b: Side }): ReactNode {
  const pair: Pair = { a: a.row, b: b.row };
  const isSmall = Math.min(a.row.decidedCount, b.row.decidedCount) < SMALL_SAMPLE;
  const columns: readonly Column<Line>[] = [
    { head: "Figure", align: "left", cell: ({ head }) => head, value: ({ head }) => head },
    sideColumn(a),
    sideColumn(b),
    {
      head: "Difference",
      cell: (line) => <DifferenceCell line={line} pair={pair} />,
      value: (line) => found(line, pair)?.difference ?? null,
    },
    {
      head: "p",
      cell: (line) => formatPValue(found(line, pair)?.pValue ?? null),
      value: (line) => found(line, pair)?.pValue ?? null,
    },
  ];
  return (
    <div>
      {isSmall ? (
        <p role="note" className="mb-2 rounded bg-warn-ground px-3 py-1 text-sm text-warn">
          One side has fewer than {SMALL_SAMPLE} decided suggestions: too few to call a winner.
        </p>
      ) : null}
      <DataTable name={`${a.name} against ${b.name}`} columns={columns} rows={LINES} rowKey={({ head }) => head} />
    </div>
  );
}

function sideColumn({ name, row }: Side): Column<Line> {
  return {
    head: name,
    cell: ({ rate, figure }) => (rate === undefined ? (figure?.(row).text ?? UNKNOWN) : <RateCell rate={rate(row)} />),
    value: ({ rate, figure }) => (rate === undefined ? (figure?.(row).value ?? null) : rate(row).value),
  };
}

const RateCell = ({ rate }: { readonly rate: Rate }): ReactNode => (
  <>
    {formatPercent(rate.value)}
    <small className="block text-soft">
      {formatCount(rate.numerator)}/{formatCount(rate.denominator)}, {formatInterval(rate.low, rate.high)}
    </small>
  </>
);

const found = ({ rate }: Line, { a, b }: Pair) => (rate === undefined ? undefined : differenceOf(rate(b), rate(a)));

function DifferenceCell({ line, pair }: { readonly line: Line; readonly pair: Pair }): ReactNode {
  const difference = found(line, pair);
  if (difference === undefined) return UNKNOWN;
  const isSure = difference.low > 0 || difference.high < 0;
  const isBetter = difference.difference > 0 === (line.good === "up");
  return (
    <span className={isSure ? (isBetter ? "text-good" : "text-bad") : ""}>
      {formatPoints(difference.difference)}
      <small className="block">
        {formatPoints(difference.low)} to {formatPoints(difference.high)}
        {isSure ? (isBetter ? ", better" : ", worse") : ", may be chance"}
      </small>
    </span>
  );
}
