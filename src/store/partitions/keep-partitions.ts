import { setTimeout as sleep } from "node:timers/promises";
import { type KeptFor, monthOf, type PartitionReport } from "../../domain/partition-report.ts";
import { isBlocked } from "../blocked.ts";
import type { Database, Queryable } from "../database.ts";
import { dropOthers } from "../queries/drop-others.ts";
import { emptyMonth } from "../queries/empty-month.ts";
import { listMonths } from "../queries/list-months.ts";
import { lockRollupRepair } from "../queries/lock-rollup-repair.ts";
import { makeMonth, PARTITIONED_TABLES } from "../queries/make-month.ts";
import { removeMonth } from "../queries/remove-month.ts";

/** Held by the one worker that is at it: "upmonth" as a number. Not the migrations' own, for which every start waits. */
const PARTITIONS_LOCK = 0x75706d6f6e7468;
/** Partitions there are beyond the running month: a worker may be away for so long before ids have none of their own. */
const MONTHS_AHEAD = 3;
/**
 * The longest anybody waits because we do. Everybody who writes may meet the lock on a parent; on an old month only late
 * feedback does. Both are shorter than the second after which Postgres looks for deadlocks, so that it is always us who give way.
 */
const PARENT_LOCK_MS = 100;
const MONTH_LOCK_MS = 500;
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 150;
/** Old rows that are deleted in one statement. */
const OTHERS_AT_ONCE = 1000;

export type KeepPartitions = {
  /** Months that stay besides the running one; null: all of them. */
  readonly retainMonths: number | null;
  readonly now: Date;
  /** Ends it after the step in hand. */
  readonly signal: AbortSignal;
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };

/**
 * Makes the partitions of the coming months and drops those of the months that are to be kept no longer, each in a
 * transaction of its own that waits for a lock only so long that nobody notices: what does not succeed is left for the
 * next pass, and a pass that was killed leaves nothing half done. Any number may run at once.
 */
export async function keepPartitions(
  db: Database,
  { retainMonths, now, signal }: KeepPartitions,
): Promise<PartitionReport> {
  const report: Mutable<PartitionReport> = { made: [], unmade: [], dropped: [], kept: [], otherCount: 0 };
  await makeAhead(db, now, report);
  if (retainMonths === null) return report;

  const oldestKept = monthOf(now, -retainMonths);
  for (const month of (await listMonths(db)).filter((month) => month < oldestKept)) {
    if (signal.aborted) return report;
    await dropMonth(db, month, report);
  }
  // Rows elsewhere are told by their own time, which freezes the hours before it: the months go first.
  while (report.kept.length === 0 && !signal.aborted) {
    const count = await withLock(db, MONTH_LOCK_MS, (tx) =>
      dropping(tx, () => dropOthers(tx, oldestKept, OTHERS_AT_ONCE)),
    );
    if (count === undefined || count === 0) break;
    report.otherCount += count;
  }
  return report;
}

async function makeAhead(db: Database, now: Date, report: Mutable<PartitionReport>): Promise<void> {
  for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead += 1) {
    const month = monthOf(now, ahead);
    for (const table of PARTITIONED_TABLES) {
      const result = await withLock(db, PARENT_LOCK_MS, (tx) => makeMonth(tx, table, month));
      const name = `${table}_${month.slice(0, 7).replace("-", "_")}`;
      if (result === "made") report.made.push(name);
      else if (result !== "there") report.unmade.push({ table: name, why: result ?? "blocked" });
    }
  }
}

async function dropMonth(db: Database, month: string, report: Mutable<PartitionReport>): Promise<void> {
  const emptied = await withLock(db, MONTH_LOCK_MS, (tx) => dropping(tx, () => emptyMonth(tx, month)));
  const keep = (why: KeptFor, amount: number | null): void => void report.kept.push({ month, why, amount });
  if (emptied === undefined) return keep("blocked", null);
  if (emptied.result === "dropped") report.dropped.push({ month, suggestionCount: emptied.amount });
  else if (emptied.result !== "empty") return keep(emptied.result, emptied.amount);
  // The rows are gone. An empty table more does no harm, should its parent be busy.
  await withLock(db, PARENT_LOCK_MS, (tx) => removeMonth(tx, month));
}

/** Not while anybody compares suggestions with what was counted of them. */
async function dropping<T>(tx: Queryable, drop: () => Promise<T>): Promise<T> {
  await lockRollupRepair(tx);
  return drop();
}

/** Undefined where somebody else's lock was in the way at each attempt; then nothing was done. */
async function withLock<T>(db: Database, waitMs: number, work: (tx: Queryable) => Promise<T>): Promise<T | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction(async (tx) => {
        await tx.query(`set local lock_timeout = '${waitMs}ms'`);
        await tx.query("select pg_advisory_xact_lock($1)", [PARTITIONS_LOCK]);
        return work(tx);
      });
    } catch (error) {
      if (!isBlocked(error)) throw error;
      if (attempt === ATTEMPTS) return undefined;
      await sleep(FIRST_PAUSE_MS * attempt);
    }
  }
}
