import { invalidInput } from "./errors.ts";
import { spanMs } from "./span.ts";

const DATE = /^\d{4}-\d{2}-\d{2}$/u;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?$/u;

const EXPECTED =
  "expected a date (2026-11-22), a date-time with its zone (2026-11-22T10:00Z) or how long ago (24h, 7d)";

/** JavaScript turns 30 February into 2 March; a day is only right if it comes back unchanged. */
function isRealDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

/**
 * Reads a point in time as people write it: `now`; `30m`, `24h`, `7d`, `2w` ago; an ISO 8601 date, meaning its UTC midnight;
 * or an ISO 8601 date-time with its zone. A date-time without a zone is refused, as it means another moment on every machine.
 * Throws `invalid_input` naming the place.
 *
 * @example parseInstant("24h", "--from", new Date()) // a day ago
 */
export function parseInstant(text: string, place: string, now: Date): Date {
  if (text === "now") return now;
  const agoMs = spanMs(text);
  if (agoMs !== undefined) return new Date(now.getTime() - agoMs);
  const [, dayOfTime, time, zone] = DATE_TIME.exec(text) ?? [];
  if (time !== undefined && zone === undefined) {
    throw invalidInput(place, `"${text}" has no time zone; add Z for UTC, or an offset such as +02:00`);
  }
  const day = dayOfTime ?? (DATE.test(text) ? text : undefined);
  const date = new Date(text);
  if (day === undefined || !isRealDay(day) || Number.isNaN(date.getTime())) {
    throw invalidInput(place, `got ${JSON.stringify(text.slice(0, 80))}; ${EXPECTED}`);
  }
  return date;
}
