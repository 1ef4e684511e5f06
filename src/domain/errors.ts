/** Every code an Uptake error can carry. Codes are stable; messages may be reworded. */
export type ErrorCode =
  | "invalid_input"
  | "invalid_configuration"
  | "suggestion_not_found"
  | "suggestion_id_taken"
  | "message_id_taken"
  | "not_found"
  | "unauthorized"
  | "forbidden"
  | "host_not_allowed"
  | "origin_not_allowed"
  | "method_not_allowed"
  | "request_timeout"
  | "too_large"
  | "unsupported_media_type"
  | "too_many_requests"
  | "too_slow"
  | "too_busy"
  | "database_unavailable"
  | "database_newer"
  | "migration_failed"
  | "adoption_refused"
  | "move_refused"
  | "data_directory_in_use"
  | "data_directory_moved"
  | "port_in_use"
  | "model_failed"
  | "model_budget_spent"
  | "mirror_failed";

/** Facts about an error, for programs; the message says the same for people. */
export type ErrorFacts = Readonly<Record<string, unknown>>;

/**
 * The one error family of Uptake. The message says the value, the place, what was expected and the remedy;
 * `facts` carries the same for programs, `cause` the error underneath.
 */
export class UptakeError extends Error {
  override readonly name = "UptakeError";
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, options: { facts?: ErrorFacts; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.facts = options.facts ?? {};
  }
}

/** One thing that is wrong with a value from outside: where, what came, what was expected, what to do. */
export function invalidInput(place: string, problem: string, facts: ErrorFacts = {}): UptakeError {
  return new UptakeError("invalid_input", `${place}: ${problem}`, { facts: { place, ...facts } });
}
