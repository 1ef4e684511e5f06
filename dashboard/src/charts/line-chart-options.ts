import uPlot from "uplot";
import { formatDay, formatTime } from "../format/format.ts";
import type { LineChartProps, LineSeries } from "./line-chart.tsx";
import { faded, type Palette } from "./theme.ts";

/** The columns of uPlot's table: times in seconds, then each line, and behind it the two edges of its band. */
export const toTable = ({ times, series }: Pick<LineChartProps, "times" | "series">): uPlot.AlignedData => [
  times.map((ms) => ms / 1000),
  ...series.flatMap(({ values, band }) => [
    [...values],
    ...(band === undefined ? [] : [[...band.high], [...band.low]]),
  ]),
];

type Columns = { readonly series: uPlot.Series[]; readonly bands: uPlot.Band[] };

function columnsOf(lines: readonly LineSeries[], palette: Palette): Columns {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const { name, color, values, band, isStepped } of lines) {
    const stroke = palette[color];
    // A lone value between two gaps is no line: it needs a point to be seen at all.
    const isSparse = values.filter((value) => value !== null).length < 60;
    series.push({
      label: name,
      stroke,
      width: 2,
      spanGaps: false,
      points: { show: isSparse, size: 5, fill: stroke },
      ...(isStepped === true && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
    });
    if (band === undefined) continue;
    const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: false };
    series.push({ ...edge, label: `${name}, high` }, { ...edge, label: `${name}, low` });
    bands.push({ series: [series.length - 2, series.length - 1], fill: faded(stroke, 0.16) });
  }
  return { series, bands };
}

/** Shades the bucket that is not over, and draws a line at every note. */
function drawMarks(plot: uPlot, { partialFromMs, notes = [] }: LineChartProps, palette: Palette): void {
  const { ctx, bbox } = plot;
  ctx.save();
  if (partialFromMs !== undefined) {
    const left = Math.max(bbox.left, plot.valToPos(partialFromMs / 1000, "x", true));
    ctx.fillStyle = faded(palette.soft, 0.12);
    ctx.fillRect(left, bbox.top, Math.max(4, bbox.left + bbox.width - left), bbox.height);
  }
  ctx.strokeStyle = palette.warn;
  ctx.setLineDash([4, 4]);
  for (const { atMs } of notes) {
    const x = Math.round(plot.valToPos(atMs / 1000, "x", true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

const DAY_SECONDS = 86_400;

/** Ticks of the time axis in the chart's zone: `14:05`, `03-01`, and the year where it begins or is new. */
function timeTicks(zone: string): uPlot.Axis.DynamicValues {
  return (_, splits) => {
    const apartSeconds = (splits[1] ?? 0) - (splits[0] ?? 0);
    let year = "";
    return splits.map((seconds) => {
      const moment = new Date(seconds * 1000);
      const day = formatDay(moment, zone);
      const time = formatTime(moment, zone);
      const isDay = apartSeconds >= DAY_SECONDS || time === "00:00";
      const above = isDay ? day.slice(5) : time;
      if (day.slice(0, 4) === year || !isDay) return above;
      year = day.slice(0, 4);
      return `${above}\n${year}`;
    });
  };
}

function axesOf({ format, zone }: LineChartProps, palette: Palette): uPlot.Axis[] {
  const font = "12px system-ui, sans-serif";
  const grid = { stroke: palette.line, width: 1 };
  const common = { stroke: palette.soft, font, grid, ticks: { ...grid, size: 4 } };
  return [
    { ...common, grid: { show: false }, space: 60, values: timeTicks(zone) },
    { ...common, size: 64, values: (_, splits) => splits.map((split) => format(split)) },
  ];
}

export type ChartEvents = { readonly onCursor: (index: number | null) => void };

/** What uPlot has to know to draw the chart. `width` in CSS pixels. */
export function optionsOf(
  props: LineChartProps,
  palette: Palette,
  size: { readonly width: number; readonly height: number },
  { onCursor }: ChartEvents,
): uPlot.Options {
  const { zone, max } = props;
  return {
    ...size,
    ...columnsOf(props.series, palette),
    axes: axesOf(props, palette),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    scales: {
      x: { time: true },
      y: { range: (_, __, high) => [0, max ?? (Number.isFinite(high) && high > 0 ? high * 1.08 : 1)] },
    },
    hooks: {
      drawClear: [(plot) => drawMarks(plot, props, palette)],
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
    },
  };
}
