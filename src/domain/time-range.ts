import { DAY_MS } from "./durations.ts";
import { invalidInput } from "./errors.ts";
import { parseInstant } from "./instant.ts";
import type { TimeRange } from "./mirror-report.ts";

/** The times as a person wrote them; an empty text counts as not given. */
export type TimeRangeTexts = { readonly from?: string | undefined; readonly to?: string | undefined };

/**
 * Reads `--from` and `--to`; without `to` it ends now, without `from` it is the 24 hours before its end.
 * Throws `invalid_input` naming the flag.
 *
 * @example parseTimeRange({ from: "7d" }, new Date()) // the last seven days
 */
export function parseTimeRange(texts: TimeRangeTexts, now: Date): TimeRange {
  const to = texts.to ? parseInstant(texts.to, "--to", now) : now;
  const from = texts.from ? parseInstant(texts.from, "--from", now) : new Date(to.getTime() - DAY_MS);
  if (from < to) return { from, to };
  const order = `${from.toISOString()} is not before --to (${to.toISOString()})`;
  throw invalidInput("--from", `${order}; give an earlier --from or a later --to`);
}
