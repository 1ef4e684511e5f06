/** How long a statement waits for company where a caller waits for it. */
export const GATHER_MS = 5;
/** And where none does, since the spool has what is to be written: ten times as many records share its cost. */
export const UNHURRIED_GATHER_MS = 50;
/** How many records must be expected in that time to be worth it. */
const WORTH_COUNT = 4;
/** How much the newest interval counts in the arrival rate. */
const NEWEST_SHARE = 0.3;

/**
 * The pause before a statement under load. A statement costs the same few hundred microseconds of CPU whether it
 * carries one record or ten, so when records come thick and fast it pays to wait for more; the same idea as Postgres'
 * own `commit_delay`. At a few calls a second nothing ever waits.
 */
export type Gathering = {
  /** A record has come. */
  arrived(): void;
  /** Resolves at once, or after a few milliseconds where that will bring company. */
  gather(): Promise<void>;
  /** Ends a pause that is under way. */
  wake(): void;
};

/** `now`: milliseconds of a clock that never goes back. */
export function createGathering({ now, gatherMs }: { now: () => number; gatherMs: number }): Gathering {
  let arrivedCount = 0;
  let since = now();
  let perMs = 0;
  let endPause: (() => void) | undefined;

  function measure(): void {
    const at = now();
    const newest = arrivedCount / Math.max(1, at - since);
    perMs += (newest - perMs) * NEWEST_SHARE;
    arrivedCount = 0;
    since = at;
  }

  return {
    arrived: () => void (arrivedCount += 1),
    gather() {
      measure();
      if (perMs * gatherMs < WORTH_COUNT) return Promise.resolve();
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          endPause = undefined;
          resolve();
        };
        const timer = setTimeout(end, gatherMs);
        endPause = end;
      });
    },
    wake: () => endPause?.(),
  };
}
