import { DAY_MS } from "../domain/durations.ts";
import { startOfHour, hourOf } from "../domain/hour.ts";
import type { Logger } from "../domain/logger.ts";
import { createNightly } from "../domain/nightly.ts";
import type { Database } from "../store/database.ts";
import { claimCheck } from "../store/queries/claim-check.ts";
import { finishCheck } from "../store/queries/finish-check.ts";
import { checkRollup } from "./check-rollup.ts";

/** At 03:17 UTC, when most desks are quiet and few other jobs start. */
const PATTERN = "17 3 * * *";
/** Feedback rarely comes later than this; `uptake rollup check` goes back to the beginning. */
const CHECKED_DAYS = 35;

export type NightlyCheck = {
  /** Waits for the night; again does nothing. Does not hold the process. */
  start(): void;
  /** Ends a check after the week in hand. */
  stop(): Promise<void>;
  /** Checks the closed hours before this moment, unless another worker has done or is doing so for its UTC day. */
  runOnce(at: Date): Promise<"checked" | "taken">;
};

export type NightlyCheckDeps = {
  readonly db: Database;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Checks the rollup every night. Any number of workers may wait for it: the row of the night lets one of them do it. */
export function createNightlyCheck({ db, log, now }: NightlyCheckDeps): NightlyCheck {
  const nightly = createNightly({
    pattern: PATTERN,
    pass: () => runOnce(new Date(now())),
    onFailure: (error) =>
      log.error("rollup.check_failed", { message: String(error), remedy: "run uptake rollup check" }),
  });

  async function runOnce(at: Date): Promise<"checked" | "taken"> {
    const slot = new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS);
    if (!(await claimCheck(db, slot))) return "taken";
    const started = now();
    const report = await checkRollup(db, {
      from: new Date(at.getTime() - CHECKED_DAYS * DAY_MS),
      to: startOfHour(hourOf(at)),
      repair: false,
      onDifference: ({ kind, start, series, detail }) =>
        log.warn("rollup.difference", { kind, start: start.toISOString(), series, detail }),
      onProgress: () => {},
      signal: nightly.signal,
    });
    const { checkedHourCount, differenceCount, interrupted } = report;
    // The row of the night then shows that it was begun and not finished.
    if (!interrupted) await finishCheck(db, slot, differenceCount);
    const facts = { slot: slot.toISOString(), checkedHourCount, differenceCount, interrupted, tookMs: now() - started };
    if (differenceCount === 0) log.info("rollup.check", facts);
    else log.warn("rollup.check", { ...facts, remedy: "uptake rollup check --repair mends it" });
    return "checked";
  }

  return { start: nightly.start, stop: nightly.stop, runOnce };
}
