import type { HandMade } from "../track/by-hand.ts";
import { isObject } from "../track/model-answer.ts";
import { nameOf } from "../track/payload.ts";

/**
 * Ends with the error that the caller gets; an abort is the caller's own doing, so no more than a warning. Aborted for a
 * reason of the caller's, `signal` fails with that reason, or with what a library makes of it.
 */
export function endWithError(observation: HandMade, error: unknown, signal?: AbortSignal): void {
  if (ABORTS.includes(nameOf(error)) || isAborted(signal)) return endAborted(observation);
  observation.update(() => ({ metadata: isObject(error) ? factsOf(error) : undefined }));
  observation.end({ error });
}

const ABORTS: readonly string[] = ["AbortError", "APIUserAbortError"];

/** A time limit (`AbortSignal.timeout`) is an error. */
const isAborted = (signal: AbortSignal | undefined): boolean =>
  signal?.aborted === true && nameOf(signal.reason) !== "TimeoutError";

export const endAborted = (observation: HandMade): void => endEarly(observation, "aborted by the caller");

export function endAbandoned(observation: HandMade): void {
  endEarly(observation, "the reader left before the stream ended");
}

function endEarly(observation: HandMade, statusMessage: string): void {
  observation.update({ level: "WARNING", statusMessage });
  observation.end();
}

/** How the official `openai` client and the AI SDK call them. */
const factsOf = (error: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  http_status: error["status"] ?? error["statusCode"],
  request_id: error["requestID"],
});
