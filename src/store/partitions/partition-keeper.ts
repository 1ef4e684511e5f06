import type { Logger } from "../../domain/logger.ts";
import type { KeptFor, PartitionReport } from "../../domain/partition-report.ts";
import { createPeriodic } from "../../domain/periodic.ts";
import type { Database } from "../database.ts";
import { keepPartitions } from "./keep-partitions.ts";
import { isPartitioned } from "./partitioned.ts";

export type PartitionKeeperOptions = {
  readonly db: Database;
  readonly log: Logger;
  /** Months that stay besides the running one; null: all of them. */
  readonly retainMonths: number | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Pause between two passes, in milliseconds. */
  readonly everyMs: number;
};

/** Keeps the partitions of the coming months made and those of long ago dropped, in a database that has any. */
export type PartitionKeeper = {
  start(): void;
  stop(): Promise<void>;
  /** One pass; null where the tables have no partitions. */
  keepAll(signal?: AbortSignal): Promise<PartitionReport | null>;
};

const REMEDIES: Readonly<Record<KeptFor, string>> = {
  waiting: "messages of the month have yet to reach Langfuse: see uptake mirror status",
  newer: "suggestions were made after the month their ids are of: it goes when they are old enough too",
  unwritten: "aggregated_metrics lacks hours of it: run a worker, which writes them",
  blocked: "others hold locks on it: tried again by itself",
};

/** After what was locked by others. */
const SOON_MS = 60_000;

export function createPartitionKeeper(options: PartitionKeeperOptions): PartitionKeeper {
  const { db, log, retainMonths, now, everyMs } = options;
  let told = false;

  async function keepAll(signal: AbortSignal): Promise<PartitionReport | null> {
    if (await isPartitioned(db)) return keepPartitions(db, { retainMonths, now: new Date(now()), signal });
    if (retainMonths !== null && !told) {
      told = true;
      log.warn("retention.ignored", { retainMonths, remedy: "retention needs tables that are partitioned by month" });
    }
    return null;
  }

  const periodic = createPeriodic(async (signal) => {
    try {
      const report = await keepAll(signal);
      if (report !== null) logReport(log, report);
      return report !== null && isBlocked(report) ? Math.min(SOON_MS, everyMs) : everyMs;
    } catch (error) {
      log.error("partitions.failed", { retryInMs: everyMs, message: String(error) });
      return everyMs;
    }
  });

  return { start: periodic.start, stop: periodic.stop, keepAll: (signal = periodic.signal) => keepAll(signal) };
}

const isBlocked = ({ unmade, kept }: PartitionReport): boolean =>
  unmade.some(({ why }) => why === "blocked") || kept.some(({ why }) => why === "blocked");

function logReport(log: Logger, { made, unmade, dropped, kept, otherCount }: PartitionReport): void {
  if (made.length > 0) log.info("partitions.made", { tables: made });
  for (const { table, why } of unmade) log.warn("partitions.unmade", { table, why });
  for (const month of dropped) log.info("retention.dropped", month);
  if (otherCount > 0) log.info("retention.deleted", { suggestionCount: otherCount });
  for (const { month, why, amount } of kept) log.warn("retention.kept", { month, why, amount, remedy: REMEDIES[why] });
}
