import { DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS } from "./durations.ts";

const SPAN = /^(\d{1,6})(m|h|d|w)$/u;
const SPAN_MS = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: WEEK_MS } as const;

function isSpanUnit(unit: string): unit is keyof typeof SPAN_MS {
  return unit in SPAN_MS;
}

/** Milliseconds of `30m`, `24h`, `7d`, `2w`; undefined for any other text. */
export function spanMs(text: string): number | undefined {
  const [, amount, unit] = SPAN.exec(text) ?? [];
  return amount === undefined || unit === undefined || !isSpanUnit(unit) ? undefined : Number(amount) * SPAN_MS[unit];
}
