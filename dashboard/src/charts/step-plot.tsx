import type { ReactNode } from "react";
import { useWidth } from "./use-width.ts";
import { formatDuration, formatPercent } from "../format/format.ts";

type Step = { readonly x: number; readonly y: number };
type StepPlotProps = {
  readonly name: string;
  /** From `x` milliseconds on it is `y` (0–1); ascending. Before the first it is 1. */
  readonly steps: readonly Step[];
  /** How far it is known, in milliseconds. */
  readonly endX: number;
};

const HEIGHT = 240;
const LEFT = 48;
const BOTTOM = 28;
const DECADES = [1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 604_800_000];

const LABEL_WIDTH = 56;

/** Those whose labels do not run into that of the one before. */
function apart(ticks: readonly number[], px: (ms: number) => number): readonly number[] {
  let last = Number.NEGATIVE_INFINITY;
  return ticks.filter((tick) => {
    if (px(tick) - last < LABEL_WIDTH) return false;
    last = px(tick);
    return true;
  });
}

/** A share that steps down over time, on a logarithmic axis, as waits differ by a thousand times. */
export function StepPlot({ name, steps, endX }: StepPlotProps): ReactNode {
  const [place, width] = useWidth(520);
  const first = Math.max(1, Math.min(steps[0]?.x ?? 1, endX) / 2);
  const span = Math.log(Math.max(endX, first * 2) / first);
  const px = (ms: number): number => LEFT + (Math.log(Math.max(ms, first) / first) / span) * (width - LEFT - 12);
  const py = (share: number): number => 8 + (1 - share) * (HEIGHT - BOTTOM - 8);
  const path = steps.map(({ x, y }) => `H${px(x).toFixed(1)}V${py(y).toFixed(1)}`).join("");
  const ticks = apart(
    DECADES.filter((ms) => ms > first && ms < endX),
    px,
  );
  return (
    <svg
      ref={place}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="img"
      aria-label={`${name}: ${ticks.map((ms) => `${formatDuration(ms)} ${formatPercent(steps.findLast(({ x }) => x <= ms)?.y ?? 1)}`).join(", ")}`}
      height={HEIGHT}
      className="block w-full"
    >
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <g key={share}>
          <line x1={LEFT} x2={width - 12} y1={py(share)} y2={py(share)} className="stroke-line" />
          <text x={LEFT - 6} y={py(share) + 4} textAnchor="end" className="fill-soft text-[11px]">
            {share * 100} %
          </text>
        </g>
      ))}
      {ticks.map((ms) => (
        <g key={ms}>
          <line x1={px(ms)} x2={px(ms)} y1={py(0)} y2={py(1)} className="stroke-line" />
          <text x={px(ms)} y={HEIGHT - 10} textAnchor="middle" className="fill-soft text-[11px]">
            {formatDuration(ms)}
          </text>
        </g>
      ))}
      <path
        d={`M${px(0)} ${py(1)}${path}H${px(endX).toFixed(1)}`}
        fill="none"
        className="stroke-series-1"
        strokeWidth={2}
      />
    </svg>
  );
}
