import { UptakeError } from "./errors.ts";

/**
 * SQLSTATE classes that blame the data and not the moment: cardinality, data exception, integrity constraint, check
 * option, program limit, and what a trigger of the host's raises. Sending the same again would never end, and would
 * hold up everything behind it.
 */
const REFUSED = /^(?:21|22|23|44|54|P0)/;

/** A statement too long for one string is as much the data's fault as what the database itself refuses, and we for it. */
export const blamesTheData = (error: unknown): boolean =>
  REFUSED.test(codeOf(error) ?? "") || error instanceof RangeError || isInvalidInput(error);

export const isInvalidInput = (error: unknown): error is UptakeError =>
  error instanceof UptakeError && error.code === "invalid_input";

/** The error's `code`, such as a SQLSTATE. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
