import { LONGEST_TIMER_MS } from "../domain/durations.ts";

const FIRST_MS = 50;
const LAST_MS = 5_000;

/** Pauses between attempts that grow from 50 ms to 5 s; jitter keeps many processes from coming back in step. */
export type BackOff = {
  /** Resolves when it is time for the next attempt; not before that many milliseconds where whoever failed has said so. */
  pause(atLeastMs?: number): Promise<void>;
  /** Ends a pause that is under way. */
  wake(): void;
  /** The last attempt succeeded: the next pause is the shortest again. */
  reset(): void;
};

/** `random`: 0 ≤ random() < 1. */
export function createBackOff(random: () => number): BackOff {
  let failures = 0;
  let endPause: (() => void) | undefined;
  return {
    pause(atLeastMs = 0) {
      const longestMs = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures++, 16));
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          endPause = undefined;
          resolve();
        };
        const ms = Math.max(atLeastMs, longestMs * (0.5 + random() / 2));
        const timer = setTimeout(end, Math.min(LONGEST_TIMER_MS, ms));
        // A database that is away keeps no process from ending; whoever waits for a flush holds it.
        timer.unref();
        endPause = end;
      });
    },
    wake: () => endPause?.(),
    reset: () => void (failures = 0),
  };
}
