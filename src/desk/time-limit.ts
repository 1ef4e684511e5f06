import { UptakeError } from "../domain/errors.ts";

/** Does the work under a signal that is aborted after the time, with an error that says so. */
export async function withTimeLimit<Result>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const message = `no answer within ${Math.round(timeoutMs / 1000)} s; try again, or allow more with UPTAKE_RUN_TIMEOUT`;
    limit.abort(new UptakeError("model_failed", message, { facts: { timeoutMs } }));
  }, timeoutMs);
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
  }
}
