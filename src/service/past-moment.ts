import { DAY_MS } from "../domain/durations.ts";
import { invalidInput } from "../domain/errors.ts";

/** Before it there was nothing to record; what claims so took seconds for milliseconds. */
const EARLIEST = Date.parse("2000-01-01T00:00:00Z");
/** Clocks differ; what lies further ahead of ours than this is a mistake. */
const MAX_AHEAD_MS = DAY_MS;

/** Reads when something happened, from a date-time. Throws `invalid_input` naming the place. */
export function pastMoment(text: string, place: string, now: Date): Date {
  const moment = new Date(text);
  const ms = moment.getTime();
  if (Number.isNaN(ms)) throw invalidInput(place, `got ${JSON.stringify(text.slice(0, 80))}; expected a date-time`);
  if (ms < EARLIEST) throw invalidInput(place, `${text} lies before 2000; are these seconds taken for milliseconds?`);
  if (ms > now.getTime() + MAX_AHEAD_MS)
    throw invalidInput(place, `${text} lies more than a day ahead; check the clock`);
  return moment;
}
