/** Every number and date that a person sees is written here. What is not known is a dash, never a zero. */

export const UNKNOWN = "–";

const count = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const formatCount = (value: number | null): string => (value === null ? UNKNOWN : count.format(value));

/** For axes: `12K`. */
export const formatCompact = (value: number | null): string => (value === null ? UNKNOWN : compact.format(value));

/** A share of 0–1: `62.5 %`, its space one that no line breaks at. */
export const formatPercent = (share: number | null): string =>
  share === null ? UNKNOWN : `${(share * 100).toFixed(1)}\u00A0%`;

/** The difference of two shares, in percentage points: `+3.2 pp`. */
export function formatPoints(difference: number | null): string {
  if (difference === null) return UNKNOWN;
  const points = (difference * 100).toFixed(1);
  return `${difference > 0 ? "+" : ""}${points === "-0.0" ? "0.0" : points}\u00A0pp`;
}

/** By what share something has grown: `+12 %`, `-3 %`. */
export const formatGrowth = (growth: number): string =>
  `${growth > 0 ? "+" : ""}${(growth * 100).toFixed(0)}\u00A0%`.replace(/^-0\u00A0/u, "0\u00A0");

/** A 95 % interval of a share: `38.6–81.5 %`. */
export const formatInterval = (low: number | null, high: number | null): string =>
  low === null || high === null ? UNKNOWN : `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)}\u00A0%`;

/** How likely chance alone is: `0.032`, `< 0.001`. */
export const formatPValue = (pValue: number | null): string =>
  pValue === null ? UNKNOWN : pValue < 0.001 ? "<\u00A00.001" : pValue.toFixed(3);

/** A share of 0–1 as it is: `0.82`. */
export const formatRatio = (ratio: number | null): string => (ratio === null ? UNKNOWN : ratio.toFixed(2));

const DURATION_UNITS = [
  { name: "ms", ms: 1, decimals: 0, upTo: 1000 },
  { name: "s", ms: 1000, decimals: 1, upTo: 60 },
  { name: "min", ms: 60_000, decimals: 1, upTo: 60 },
  { name: "h", ms: 3_600_000, decimals: 1, upTo: 48 },
  { name: "d", ms: 86_400_000, decimals: 1, upTo: Number.POSITIVE_INFINITY },
] as const;

/** A duration in the largest unit that keeps it readable: `850 ms`, `1.2 s`, `3.5 min`. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  for (const unit of DURATION_UNITS) {
    // Rounded first, so that 59.97 s reads 1.0 min and not 60.0 s.
    const text = (ms / unit.ms).toFixed(unit.decimals);
    if (Number(text) < unit.upTo) return `${text}\u00A0${unit.name}`;
  }
  return UNKNOWN;
}

/** US dollars: `$12.30`, and below a dollar to the hundredth of a cent: `$0.0123`. */
export const formatUsd = (usd: number | null): string =>
  usd === null ? UNKNOWN : `$${usd.toFixed(Math.abs(usd) < 1 ? 4 : 2)}`;

const DAY = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
const TIME = { hour: "2-digit", minute: "2-digit" } as const;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Made once for each zone: making one takes longer than using it a hundred times. */
function formatterOf(zone: string, options: typeof DAY | typeof TIME): Intl.DateTimeFormat {
  const key = `${options === DAY ? "day" : "time"} ${zone}`;
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", ...options });
  formatters.set(key, made);
  return made;
}

/** The moment in a zone: `2026-03-01 14:05`. */
export function formatMoment(moment: Date | string | null, zone: string): string {
  if (moment === null) return UNKNOWN;
  const date = new Date(moment);
  return `${formatDay(date, zone)} ${formatTime(date, zone)}`;
}

/** The day in a zone: `2026-03-01`. */
export const formatDay = (moment: Date, zone: string): string => formatterOf(zone, DAY).format(moment);

/** The time of day in a zone: `14:05`. */
export const formatTime = (moment: Date, zone: string): string => formatterOf(zone, TIME).format(moment);

/** How long ago: `3.5 min ago`. */
export const formatAgo = (moment: Date | string | null, now: number): string =>
  moment === null ? UNKNOWN : `${formatDuration(Math.max(0, now - new Date(moment).getTime()))} ago`;
