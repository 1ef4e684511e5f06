import { type KeyboardEvent, memo, type ReactNode, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { formatMoment, UNKNOWN } from "../format/format.ts";
import { type Column, DataTable } from "../ui/data-table.tsx";
import { optionsOf, toTable } from "./line-chart-options.ts";
import { type ColorToken, usePalette } from "./theme.ts";

export type LineSeries = {
  readonly name: string;
  readonly color: ColorToken;
  /** One for each time; null leaves a gap. */
  readonly values: readonly (number | null)[];
  /** How far the values can be trusted: shown as a band around the line. */
  readonly band?: { readonly low: readonly (number | null)[]; readonly high: readonly (number | null)[] };
  readonly isStepped?: boolean;
  /** What a value was counted from, for the read-out: `12 of 30`. */
  readonly basis?: readonly string[];
};

export type LineChartProps = {
  /** What it shows, for a screen reader and for its CSV. */
  readonly name: string;
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: readonly LineSeries[];
  readonly format: (value: number | null) => string;
  readonly zone: string;
  /** Upper end of the scale; else what the values need. */
  readonly max?: number;
  /** From here on it is not over yet. */
  readonly partialFromMs?: number | undefined;
  /** What happened when, such as a new prompt version. */
  readonly notes?: readonly { readonly atMs: number; readonly text: string }[];
  readonly height?: number;
};

/**
 * Lines over time with a read-out at the pointer, at a touch, or at the arrow keys; the same as a table behind it. Drawn
 * anew only where a property has changed, so give it the same arrays for the same numbers.
 */
export const LineChart = memo(function LineChart(props: LineChartProps): ReactNode {
  const { name, times, height = 220 } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const palette = usePalette();
  const [cursor, setCursor] = useState<number | null>(null);

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const size = () => ({ width: Math.max(200, element.clientWidth), height });
    const made = new uPlot(optionsOf(props, palette, size(), { onCursor: setCursor }), toTable(props), element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize(size()));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [props, palette, height]);

  const moveTo = (index: number): void => {
    const at = times[Math.min(times.length - 1, Math.max(0, index))];
    if (at === undefined || plot.current === null) return;
    plot.current.setCursor({ left: plot.current.valToPos(at / 1000, "x"), top: 0 });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = cursor ?? times.length - 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: times.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    moveTo(to);
  };
  return (
    <figure>
      <ReadOut {...props} index={cursor} />
      <div
        ref={place}
        role="group"
        aria-roledescription="chart"
        aria-label={`${name}. Arrow keys read it value by value.`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        className="w-full"
      />
      <Notes {...props} />
      <details className="mt-1 text-sm">
        <summary className="text-soft">As a table</summary>
        <ChartTable {...props} />
      </details>
    </figure>
  );
});

/** The values at the cursor; without one, the latest that are known. */
function ReadOut({
  index,
  series,
  times,
  format,
  zone,
}: LineChartProps & { readonly index: number | null }): ReactNode {
  const at = index ?? times.length - 1;
  const time = times[at];
  return (
    <figcaption aria-live="polite" className="mb-1 flex flex-wrap gap-x-4 text-sm">
      <span className="text-soft tabular-nums">
        {time === undefined ? UNKNOWN : formatMoment(new Date(time), zone)}
      </span>
      {series.map(({ name, color, values, band, basis }) => (
        <span key={name} className="tabular-nums">
          <span
            aria-hidden="true"
            className="mr-1 inline-block size-2.5 rounded-sm"
            style={{ background: `var(--${color})` }}
          />
          {name} <strong className="font-semibold">{format(values[at] ?? null)}</strong>
          {band === undefined || (values[at] ?? null) === null ? null : (
            <span className="text-soft">
              {" "}
              {format(band.low[at] ?? null)} to {format(band.high[at] ?? null)}
            </span>
          )}
          {basis?.[at] === undefined ? null : <span className="text-soft"> {basis[at]}</span>}
        </span>
      ))}
    </figcaption>
  );
}

function Notes({ notes = [], zone }: LineChartProps): ReactNode {
  if (notes.length === 0) return null;
  return (
    <ul className="mt-1 text-sm text-soft">
      {notes.map(({ atMs, text }) => (
        <li key={`${atMs} ${text}`}>
          <span aria-hidden="true" className="mr-1 text-warn">
            ┆
          </span>
          {formatMoment(new Date(atMs), zone)}: {text}
        </li>
      ))}
    </ul>
  );
}

function ChartTable({ name, times, series, format, zone }: LineChartProps): ReactNode {
  const columns: Column<number>[] = [
    {
      head: "Time",
      align: "left",
      cell: (i) => formatMoment(new Date(times[i] ?? 0), zone),
      value: (i) => new Date(times[i] ?? 0).toISOString(),
    },
    ...series.flatMap(({ name, values, band }) => [
      { head: name, cell: (i: number) => format(values[i] ?? null), value: (i: number) => values[i] ?? null },
      ...(band === undefined
        ? []
        : [
            {
              head: `${name}, low`,
              cell: (i: number) => format(band.low[i] ?? null),
              value: (i: number) => band.low[i] ?? null,
            },
            {
              head: `${name}, high`,
              cell: (i: number) => format(band.high[i] ?? null),
              value: (i: number) => band.high[i] ?? null,
            },
          ]),
    ]),
  ];
  return <DataTable name={name} columns={columns} rows={times.map((_, i) => i)} rowKey={String} />;
}
