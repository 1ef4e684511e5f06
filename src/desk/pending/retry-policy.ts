import { UptakeError, type ErrorCode } from "../../domain/errors.ts";

/** Errors that say something about the row itself, or hold for the rest of the day; trying again would fail the same way. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "invalid_input",
  "not_found",
  "suggestion_not_found",
  "invalid_configuration",
  "model_budget_spent",
]);

export type RetryPolicy = {
  /** Claims of one row, those included whose worker died. */
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
};

/** About 5, 20 and 80 seconds: a model that is overloaded for a minute or two costs nobody their suggestion. */
export const DEFAULT_RETRIES: RetryPolicy = { maxAttempts: 4, baseMs: 5_000, capMs: 120_000 };

/** How long to wait before the next attempt; undefined: this one was the last. `random` is 0–1. */
export function retryInMs(
  policy: RetryPolicy,
  failure: { readonly error: unknown; readonly attempts: number },
  random: number,
): number | undefined {
  const { error, attempts } = failure;
  if (attempts >= policy.maxAttempts || (error instanceof UptakeError && FINAL.has(error.code))) return undefined;
  const most = Math.min(policy.capMs, policy.baseMs * 4 ** (attempts - 1));
  // Half of it at least: many rows that failed together do not come back together.
  return Math.round(most * (0.5 + random / 2));
}
