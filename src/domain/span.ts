const SPAN = /^(\d{1,6})(m|h|d|w)$/u;
const SPAN_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

function isSpanUnit(unit: string): unit is keyof typeof SPAN_MS {
  return unit in SPAN_MS;
}

/** Milliseconds of `30m`, `24h`, `7d`, `2w`; undefined for any other text. */
export function spanMs(text: string): number | undefined {
  const [, amount, unit] = SPAN.exec(text) ?? [];
  return amount === undefined || unit === undefined || !isSpanUnit(unit) ? undefined : Number(amount) * SPAN_MS[unit];
}
