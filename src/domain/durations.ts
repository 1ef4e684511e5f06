// In milliseconds, each counted from the one before. A day is a UTC day; where a zone's days count, see `zone.ts`.
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;
/** A timer that is set for longer runs out at once. */
export const LONGEST_TIMER_MS = 2_147_483_647;
