import { invalidInput } from "../domain/errors.ts";
import { isUuid } from "../domain/ids.ts";

/** How one call of an agent function is run; none of it is part of what is recorded as its input. */
export type RunOptions = {
  /** Ends the run; what it was aborted with is thrown and recorded. */
  readonly signal?: AbortSignal | undefined;
  /** Told each piece of the reply while the model writes it. */
  readonly onText?: ((piece: string) => void) | undefined;
};

/** The id as Postgres writes it: upper and lower case name the same ticket. Throws `invalid_input` for what is no UUID. */
export function uuidOf(value: unknown, place: string): string {
  requireUuid(value, place);
  return value.toLowerCase();
}

/** The same where it may be left out. */
export const optionalUuidOf = (value: unknown, place: string): string | undefined =>
  value === undefined ? undefined : uuidOf(value, place);

export function requireUuid(value: unknown, place: string): asserts value is string {
  if (isUuid(value)) return;
  throw invalidInput(place, `got ${JSON.stringify(value)?.slice(0, 100) ?? "nothing"}; expected a UUID`);
}
