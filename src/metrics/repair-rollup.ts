import type { Queryable } from "../store/database.ts";
import { appendReasonDifference } from "../store/queries/append-reason-difference.ts";
import { appendRollupDifference } from "../store/queries/append-rollup-difference.ts";
import { lockRollupRepair } from "../store/queries/lock-rollup-repair.ts";
import { readDerivedDifference } from "../store/queries/read-derived-difference.ts";
import { mendReasonDays, readReasonDayDifference } from "../store/queries/reason-days.ts";
import { rebuildDerived } from "../store/queries/rebuild-derived.ts";
import { withoutFrozen } from "./frozen-hours.ts";

const HOURS_A_DAY = 24;

export const daysAround = (fromHour: number, toHour: number): readonly [fromDay: number, toDay: number] => [
  Math.floor(fromHour / HOURS_A_DAY),
  Math.ceil(toHour / HOURS_A_DAY),
];

/**
 * Makes the rollup of these hours right, in the transaction of the caller. What is missing is appended as deltas and
 * not written over the hours: what others append meanwhile says only what they changed, so both add up, in any order.
 * Two repairs at once would both append it; hence the lock, which only they take, the check and retention. Days and totals that are not the sum
 * of their hours are made anew, which makes rollers wait; a roll before or after adds to hour, day and total alike.
 */
export async function repairRollup(tx: Queryable, fromHour: number, toHour: number): Promise<void> {
  await lockRollupRepair(tx);
  const since = (await withoutFrozen(tx, fromHour)).fromHour;
  if (since >= toHour) return;
  await appendRollupDifference(tx, since, toHour);
  const days = daysAround(since, toHour);
  if ((await readDerivedDifference(tx, ...days)).length > 0) await rebuildDerived(tx, ...days);
}

/** The same for the reasons of the decisions of these hours. */
export async function repairReasons(tx: Queryable, fromHour: number, toHour: number): Promise<void> {
  await lockRollupRepair(tx);
  const since = (await withoutFrozen(tx, fromHour)).fromHour;
  if (since >= toHour) return;
  await appendReasonDifference(tx, since, toHour);
  const days = daysAround(since, toHour);
  if ((await readReasonDayDifference(tx, ...days)).length > 0) await mendReasonDays(tx, ...days);
}
