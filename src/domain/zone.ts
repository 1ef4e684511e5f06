import { invalidInput } from "./errors.ts";
import { type Hour, hourOf, startOfHour } from "./hour.ts";

/** A name of the IANA time zone database, such as `Europe/Berlin`. Metrics are stored in UTC and read in any zone. */
export type Zone = string;

export const UTC: Zone = "UTC";

const HOURS_A_DAY = 24;
/** No day is shorter (Casey, in Antarctica, has leapt three hours), so none of these is looked at. */
const SHORTEST_DAY_HOURS = 21;

/** The zone of this name, however it is capitalised; undefined where there is none. */
export function zoneOf(name: string): Zone | undefined {
  if (name === UTC) return UTC;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** Reads a zone's name. Throws `invalid_input` naming the place. */
export function parseZone(text: string, place: string): Zone {
  const zone = zoneOf(text);
  if (zone !== undefined) return zone;
  const got = JSON.stringify(text.slice(0, 80));
  throw invalidInput(place, `got ${got}; expected a time zone such as UTC, Europe/Berlin or America/New_York`);
}

/** Says the day and the time of day of a moment in this zone: `2026-03-29`, `14:00`. */
export type LocalTime = { day(moment: Date): string; timeOfDay(moment: Date): string };

export function localTimeIn(zone: Zone): LocalTime {
  if (zone === UTC) {
    return {
      day: (moment) => moment.toISOString().slice(0, 10),
      timeOfDay: (moment) => moment.toISOString().slice(11, 16),
    };
  }
  // Swedish writes dates as ISO 8601 does.
  const day = new Intl.DateTimeFormat("sv", { timeZone: zone, dateStyle: "short" });
  const timeOfDay = new Intl.DateTimeFormat("sv", { timeZone: zone, timeStyle: "short" });
  return { day: (moment) => day.format(moment), timeOfDay: (moment) => timeOfDay.format(moment) };
}

/**
 * The hour buckets at which the days of a zone begin: the last at or before `fromHour`, all before `toHour`, and the one
 * after. Days have 23, 24 or 25 hours. An hour bucket belongs to the day on which it starts, so where a zone is not
 * whole hours from UTC, a day begins up to 45 minutes late and ends as much late.
 */
export function daysBetween(fromHour: Hour, toHour: Hour, zone: Zone): readonly Hour[] {
  if (zone === UTC) {
    const first = Math.floor(fromHour / HOURS_A_DAY);
    const count = Math.ceil(toHour / HOURS_A_DAY) - first;
    return Array.from({ length: count + 1 }, (_, i) => (first + i) * HOURS_A_DAY);
  }
  const local = localTimeIn(zone);
  const dayOf = (hour: Hour): string => local.day(startOfHour(hour));
  let hour = fromHour;
  while (dayOf(hour - 1) === dayOf(fromHour)) hour -= 1;
  const starts = [hour];
  while (hour < toHour) {
    const day = dayOf(hour);
    hour += SHORTEST_DAY_HOURS;
    while (dayOf(hour) === day) hour += 1;
    starts.push(hour);
  }
  return starts;
}

/** No zone is further from UTC, nor is a day longer. */
const FURTHEST_HOURS = 26;

/** When a day (`2026-03-29`) begins in a zone: its first hour bucket. Undefined for one that a zone has left out. */
export function startOfDay(day: string, zone: Zone): Date | undefined {
  const utcHour = hourOf(new Date(`${day}T00:00:00Z`));
  const local = localTimeIn(zone);
  const starts = daysBetween(utcHour - FURTHEST_HOURS, utcHour + FURTHEST_HOURS, zone).map(startOfHour);
  return starts.find((start) => local.day(start) === day);
}
