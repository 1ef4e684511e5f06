import { onTestFinished } from "vitest";
import { repeatableId, traceIdOf } from "../../src/domain/ids.ts";
import { monthOf, type PartitionReport } from "../../src/domain/partition-report.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { keepPartitions } from "../../src/store/partitions/keep-partitions.ts";
import { openTestPostgres } from "../support/databases.ts";

/** A partitioned database on Postgres, gone when the test is over. */
export async function openPartitioned(): Promise<{ db: Database; url: string }> {
  const opened = await openTestPostgres({ partitioned: true });
  onTestFinished(() => opened.drop());
  return opened;
}

/** Noon of the tenth of the month that lies so many months after this one. */
export function inMonth(offset: number): Date {
  return new Date(Date.parse(monthOf(new Date(), offset)) + 9.5 * 86_400_000);
}

/** `ai_suggestions_2026_11` for the month that lies so many months after this one. */
export const partitionOf = (table: string, offset: number): string =>
  `${table}_${monthOf(new Date(), offset).slice(0, 7).replace("-", "_")}`;

/** Completed suggestions with their traces, made at this time by id and column; resolves to their ids. */
export async function insertAt(db: Queryable, at: Date, count: number, key = "row"): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, n) => repeatableId(at, `${key} ${n}`));
  await insertWithIds(db, at, ids);
  return ids;
}

export async function insertWithIds(db: Queryable, at: Date, ids: readonly string[]): Promise<void> {
  await db.query(
    `insert into ai_suggestions (id, suggested_response, status, function_name, latency_ms, created_at)
     select id, 'text', 'completed', 'reply', 100, $2 from unnest($1::uuid[]) id`,
    [ids, at],
  );
  await db.query(
    `insert into ai_traces (trace_id, suggestion_id, observations, created_at)
     select t, id, '[]', $3 from unnest($1::text[], $2::uuid[]) x (t, id)`,
    [ids.map(traceIdOf), ids, at],
  );
}

export async function judgeAt(db: Queryable, at: Date, ids: readonly string[], type = "approval"): Promise<void> {
  await db.query(
    `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, created_at, time_to_feedback)
     select id, $3, 'too long', $2, interval '1 minute' from unnest($1::uuid[]) id`,
    [ids, at, type],
  );
}

/** As after every message was delivered. */
export const deliverAll = async (db: Queryable): Promise<void> => void (await db.query("delete from langfuse_outbox"));

export const keepAt = (db: Database, now: Date, retainMonths: number | null = null): Promise<PartitionReport> =>
  keepPartitions(db, { now, retainMonths, signal: new AbortController().signal });

/** Rows by partition, of those that have any. */
export async function rowsByPartition(db: Queryable, table = "ai_suggestions"): Promise<Record<string, number>> {
  const rows = await db.query<{ part: string; n: number }>(
    `select tableoid::regclass::text as part, count(*) as n from ${table} group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ part, n }) => [part, n]));
}

export async function countOf(db: Queryable, table: string): Promise<number> {
  const [row] = await db.query<{ n: number }>(`select count(*) as n from ${table}`);
  return row?.n ?? Number.NaN;
}
