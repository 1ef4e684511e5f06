import { setTimeout as delay } from "node:timers/promises";

/** Work that is done again and again while its process lives. */
export type Periodic = {
  /** Starts; again does nothing. */
  readonly start: () => void;
  /** Ends after the pass under way; called again it returns the same promise. */
  readonly stop: () => Promise<void>;
  /** Aborted once it is to stop. */
  readonly signal: AbortSignal;
};

/**
 * Runs passes one after the other. A pass resolves to how long to rest after it, in milliseconds, and does not reject; the rest
 * does not hold the process.
 */
export function createPeriodic(pass: (signal: AbortSignal) => Promise<number>): Periodic {
  const stopping = new AbortController();
  const { signal } = stopping;
  let loop: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const restMs = await pass(signal);
      if (restMs > 0) await delay(restMs, undefined, { ref: false, signal }).catch(() => {});
    }
  }

  return {
    start() {
      if (!signal.aborted) loop ??= run();
    },
    stop() {
      stopping.abort();
      loop ??= Promise.resolve();
      return loop;
    },
    signal,
  };
}
