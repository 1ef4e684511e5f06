import { MINUTE_MS } from "../domain/durations.ts";

/** Counts trouble and reports it at most once a minute. */
export type MinuteTally = {
  /** Counts one more; the first of a minute is reported at once, the others together when the minute is over. */
  add(facts?: Readonly<Record<string, unknown>>, count?: number): void;
  /** All that was counted since it was made. */
  totalCount(): number;
  /** Reports what is still unreported. */
  close(): void;
};

/** `report` gets how many there were since its last call, and the newest facts. */
export function createMinuteTally(
  report: (facts: Readonly<Record<string, unknown>> & { readonly count: number }) => void,
): MinuteTally {
  let count = 0;
  let totalCount = 0;
  let newest: Readonly<Record<string, unknown>> = {};
  let minute: NodeJS.Timeout | undefined;

  function tell(): void {
    if (count === 0) return;
    const facts = { ...newest, count };
    count = 0;
    try {
      report(facts);
    } catch {
      // A logger that throws has nobody left to tell.
    }
  }

  function startMinute(): void {
    minute = setTimeout(() => {
      minute = undefined;
      if (count === 0) return;
      tell();
      startMinute();
    }, MINUTE_MS);
    minute.unref();
  }

  return {
    add(facts = {}, more = 1) {
      count += more;
      totalCount += more;
      newest = facts;
      if (minute !== undefined) return;
      tell();
      startMinute();
    },
    totalCount: () => totalCount,
    close() {
      clearTimeout(minute);
      minute = undefined;
      tell();
    },
  };
}
