import { DAY_MS, HOUR_MS, MINUTE_MS } from "../domain/durations.ts";
import type { MetricsBucket } from "../domain/metrics-request.ts";
import type { Rate } from "./metrics-row.ts";

/** What stands where nothing is known; never 0. */
export const UNKNOWN = "–";

const DURATION_UNITS = [
  { name: "ms", ms: 1, decimals: 0, upTo: 1000 },
  { name: "s", ms: 1000, decimals: 1, upTo: 60 },
  { name: "min", ms: MINUTE_MS, decimals: 1, upTo: 60 },
  { name: "h", ms: HOUR_MS, decimals: 1, upTo: 48 },
  { name: "d", ms: DAY_MS, decimals: 1, upTo: Number.POSITIVE_INFINITY },
] as const;

/** A duration in the largest unit that keeps it readable: `850 ms`, `1.2 s`, `3.5 min`, `20.0 h`, `3.0 d`. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  for (const unit of DURATION_UNITS) {
    // Rounded first, so that 59.97 s reads 1.0 min and not 60.0 s.
    const text = (ms / unit.ms).toFixed(unit.decimals);
    if (Number(text) < unit.upTo) return `${text} ${unit.name}`;
  }
  return UNKNOWN;
}

export const formatCount = (count: number | null): string => (count === null ? UNKNOWN : String(count));

/** A share of 0–1 in percent: `62.5 %`. */
export const formatPercent = (share: number | null): string => (share === null ? UNKNOWN : `${percent(share)} %`);

/** A share of 0–1 in percent with one decimal, without the sign: `62.5`. */
const percent = (share: number): string => (share * 100).toFixed(1);

/** A rate with its 95 % interval and what it was counted from: `62.5 % [38.6, 81.5] 10/16`. */
export function formatRate({ numerator, denominator, value, low, high }: Rate): string {
  if (value === null || low === null || high === null) return UNKNOWN;
  return `${percent(value)} % [${percent(low)}, ${percent(high)}] ${numerator}/${denominator}`;
}

/** A share of 0–1 as it is: `0.82`. */
export const formatRatio = (ratio: number | null): string => (ratio === null ? UNKNOWN : ratio.toFixed(2));

/** US dollars: `12.30`, and below a dollar to the hundredth of a cent: `0.0123`. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return UNKNOWN;
  return usd.toFixed(Math.abs(usd) < 1 ? 4 : 2);
}

/** A figure with how many of how many it is known of: `0.0123 (9/10)`. */
export const formatKnown = (text: string, knownCount: number, count: number): string =>
  count === 0 ? UNKNOWN : `${text} (${knownCount}/${count})`;

/** Two durations of one kind: `850 ms / 3.2 s`. */
export function formatDurationPair(first: number | null, second: number | null): string {
  return first === null && second === null ? UNKNOWN : `${formatDuration(first)} / ${formatDuration(second)}`;
}

/** The UTC day of a moment: `2026-03-01`. */
export const formatDay = (moment: Date): string => moment.toISOString().slice(0, 10);

/** The UTC time of day of a moment: `14:00`. */
export const formatTimeOfDay = (moment: Date): string => moment.toISOString().slice(11, 16);

/** The bucket that starts at this moment: `2026-03-01 14:00`, `2026-03-01`, `total`. */
export function formatBucket(start: Date, bucket: MetricsBucket): string {
  if (bucket === "total") return "total";
  return bucket === "day" ? formatDay(start) : `${formatDay(start)} ${formatTimeOfDay(start)}`;
}
