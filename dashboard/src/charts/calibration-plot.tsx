import type { ReactNode } from "react";

export type CalibrationPoint = {
  readonly name: string;
  /** Mean confidence, 0–1. */
  readonly x: number;
  /** Share accepted, 0–1. */
  readonly y: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly count: number;
};

const SIZE = 260;
const MARGIN = 36;
const SPAN = SIZE - MARGIN - 8;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

const px = (share: number): number => MARGIN + share * SPAN;
const py = (share: number): number => SIZE - MARGIN - share * SPAN;

/** Confidence against what was accepted, with intervals; bigger points stand for more suggestions. */
export function CalibrationPlot({ points }: { readonly points: readonly CalibrationPoint[] }): ReactNode {
  const most = Math.max(1, ...points.map(({ count }) => count));
  return (
    <svg
      viewBox={`0 0 ${SIZE} ${SIZE}`}
      role="img"
      aria-label={`Share accepted by confidence: ${points.map(({ name, y }) => `${name}: ${Math.round(y * 100)} %`).join(", ")}`}
      className="mx-auto block w-full max-w-80"
    >
      {TICKS.map((tick) => (
        <g key={tick} className="fill-soft text-[10px]">
          <line x1={px(tick)} x2={px(tick)} y1={py(0)} y2={py(1)} className="stroke-line" />
          <line x1={px(0)} x2={px(1)} y1={py(tick)} y2={py(tick)} className="stroke-line" />
          <text x={px(tick)} y={SIZE - MARGIN + 14} textAnchor="middle">
            {tick}
          </text>
          <text x={MARGIN - 6} y={py(tick) + 3} textAnchor="end">
            {tick * 100} %
          </text>
        </g>
      ))}
      <text x={px(0.5)} y={SIZE - 6} textAnchor="middle" className="fill-soft text-[11px]">
        confidence
      </text>
      <line x1={px(0)} y1={py(0)} x2={px(1)} y2={py(1)} className="stroke-soft" strokeDasharray="4 4" />
      {points.map(({ name, x, y, low, high, count }) => (
        <g key={name}>
          {low === null || high === null ? null : (
            <line x1={px(x)} x2={px(x)} y1={py(low)} y2={py(high)} className="stroke-series-1" strokeWidth={1.5} />
          )}
          <circle cx={px(x)} cy={py(y)} r={3 + 4 * Math.sqrt(count / most)} className="fill-series-1" />
        </g>
      ))}
    </svg>
  );
}
