import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { UptakeError } from "../domain/errors.ts";
import type { Caller } from "./caller.ts";

/** A person shows, sends and judges a suggestion a few times, and no more. */
const TOKEN_REQUESTS_A_SECOND = 5;

/**
 * Counts the requests of each key and of each feedback token by the second, in this process. Throws `too_many_requests`, saying
 * when to try again.
 */
export function createRateLimit(requestsASecond: number | null): (caller: Caller) => Promise<void> {
  const tokens = new RateLimiterMemory({ points: TOKEN_REQUESTS_A_SECOND, duration: 1 });
  const keys = requestsASecond === null ? null : new RateLimiterMemory({ points: requestsASecond, duration: 1 });
  return async ({ rateKey, suggestionId }) => {
    const limiter = suggestionId === null ? keys : tokens;
    if (limiter === null) return;
    try {
      await limiter.consume(rateKey);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const retryAfterSeconds = Math.max(1, Math.ceil(error.msBeforeNext / 1_000));
      throw new UptakeError(
        "too_many_requests",
        `more than ${limiter.points} requests a second; wait ${retryAfterSeconds} s, and send several things in one request`,
        { facts: { retryAfterSeconds } },
      );
    }
  };
}
