/** Remembers how a destination is doing, so that one that is away is probed and not hammered. */
export type Circuit = {
  /** Notes that the destination did not take what was sent; resolves how long to leave it alone, in milliseconds. */
  failed(retryAfterMs?: number): number;
  succeeded(): void;
  /** How long the destination is still to be left alone; 0 means it may be tried. */
  waitMs(): number;
  /** True from a failure until the next success: try one small batch at a time. */
  isOpen(): boolean;
  /** Failures in a row. */
  failureCount(): number;
};

export type CircuitOptions = {
  readonly baseMs: number;
  readonly capMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
};

/** What a destination asks for is honoured, but an absurd Retry-After must not stop the mirror for days. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Back-off is exponential with full jitter: uniform between 0 and min(cap, base × 2^(n-1)) after n failures in a row
 * (Marc Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015), so that many workers spread out.
 */
export function createCircuit(options: CircuitOptions): Circuit {
  const { baseMs, capMs, now, random } = options;
  let failures = 0;
  let closedUntil = 0;
  const waitMs = (): number => Math.max(0, closedUntil - now());

  return {
    failed(retryAfterMs = 0) {
      // Requests that were under way together fail together: that is one failure of the destination.
      if (waitMs() === 0) failures += 1;
      const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
      const asked = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
      const delayMs = Math.ceil(Math.max(random() * ceiling, asked));
      closedUntil = Math.max(closedUntil, now() + delayMs);
      return Math.max(1, waitMs());
    },
    succeeded() {
      failures = 0;
    },
    waitMs,
    isOpen: () => failures > 0,
    failureCount: () => failures,
  };
}
