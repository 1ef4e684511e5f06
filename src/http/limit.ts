import { invalidInput } from "../domain/errors.ts";

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

/** How much of a list is asked for. Throws `invalid_input`. */
export function limitOf(text: string | undefined): number {
  const limit = text === undefined ? DEFAULT_LIMIT : Number(text);
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw invalidInput("limit", `got ${limit}; expected a whole number from 1 to ${MAX_LIMIT}`);
}
