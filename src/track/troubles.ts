import type { Logger } from "../domain/logger.ts";
import { createMinuteTally } from "./minute-tally.ts";
import { nameOf } from "./payload.ts";

/** Where Uptake's own trouble ends: counted, logged once a minute, and never the caller's. */
export type Troubles = {
  /** Calls back and returns its result; if it throws, that is counted and undefined comes back. */
  attempt<T>(part: () => T): T | undefined;
  /** Counts what the application did that cannot be recorded as it was meant. */
  misused(problem: string): void;
  /**
   * Resolves when the record is committed or given up, or the caller has waited long enough for it. Undefined for a
   * caller that cannot wait.
   */
  settled(written: Promise<void>, canWait: boolean): Promise<void> | undefined;
  close(): void;
};

export const COMMIT_TIMEOUT_MS = 2_000;

export function createTroubles(deps: { readonly log: Logger; readonly commitTimeoutMs?: number }): Troubles {
  const { log, commitTimeoutMs = COMMIT_TIMEOUT_MS } = deps;
  const internal = createMinuteTally((facts) => log.error("track.failed", facts));
  const misuse = createMinuteTally((facts) => log.warn("track.misused", facts));
  const notRecorded = createMinuteTally((facts) => log.error("track.not_recorded", facts));
  const late = createMinuteTally((facts) => log.warn("track.commit_late", facts));
  const giveUp = (error: unknown): void => notRecorded.add({ error: nameOf(error) });

  return {
    attempt(part) {
      try {
        return part();
      } catch (error) {
        internal.add({ error: nameOf(error) });
        return undefined;
      }
    },
    misused: (problem) => misuse.add({ problem }),
    settled(written, canWait) {
      if (!canWait) {
        written.catch(giveUp);
        return undefined;
      }
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(() => {
          late.add({ commitTimeoutMs });
          resolve();
        }, commitTimeoutMs);
        written.catch(giveUp).then(end, end);
      });
    },
    close() {
      for (const tally of [internal, misuse, notRecorded, late]) tally.close();
    },
  };
}
