import { newId } from "../../src/domain/ids.ts";
import type { SamplingPolicy } from "../../src/domain/sampling.ts";
import type { MirrorDeps } from "../../src/mirror/mirror.ts";
import type { Database } from "../../src/store/database.ts";
import { drain, mirrorTo, readLedger, startStandIn } from "./set-up.ts";

export const HOUR_MS = 3_600_000;
/** Nothing is in its sample, so that only what happens decides. */
export const NOTHING: SamplingPolicy = {
  rates: { general: 0, byFunction: new Map([["all", 1]]) },
  keep: { revision: true, slowMs: 5000, lowConfidence: null, expensiveUsd: null },
  windowMs: HOUR_MS,
  dailyUnits: null,
};

/** Plain rows: each becomes two observations. */
export async function suggest(db: Database, values: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const row = {
    id: newId(),
    function_name: "reply",
    status: "completed",
    latency_ms: 100,
    error_type: null,
    project_id: "default",
    ...values,
  };
  await db.query(
    `insert into ai_suggestions (id, project_id, suggested_response, function_name, status, latency_ms, error_type)
     select id, project_id, 'Hello', function_name, status, latency_ms, error_type from json_to_record($1::json)
       as r (id uuid, project_id text, function_name text, status text, latency_ms integer, error_type text)`,
    [JSON.stringify(row)],
  );
  return row.id;
}

export async function act(
  db: Database,
  suggestionId: string,
  type: "approval" | "revision" | "rejection",
): Promise<string> {
  const id = newId();
  await db.query(
    `insert into ai_feedback_events (id, suggestion_id, feedback_type, feedback_reason) values ($1, $2, $3, $4)`,
    [id, suggestionId, type, type === "approval" ? null : "too generic"],
  );
  return id;
}

export const passTime = (db: Database, ms: number): Promise<unknown> =>
  db.query(
    `update langfuse_outbox set created_at = created_at - $1 * interval '1 ms',
       available_at = available_at - $1 * interval '1 ms', held_until = held_until - $1 * interval '1 ms'`,
    [ms],
  );

export type LeftOut = { readonly ref: string; readonly rule: string; readonly feedbackCount: number };
export const readLeftOut = (db: Database): Promise<readonly LeftOut[]> =>
  db.query<LeftOut>(
    `select suggestion_id as ref, rule, feedback_count as "feedbackCount" from langfuse_left_out order by suggestion_id`,
  );

export const refs = async (db: Database): Promise<string[]> => (await readLedger(db)).map(({ ref }) => ref).sort();

export async function startSampled(db: Database, sampling: SamplingPolicy, settings: Partial<MirrorDeps> = {}) {
  const { standIn, address } = await startStandIn();
  const { mirror, book } = mirrorTo(db, address, { sampling, ...settings });
  /** Drains until nothing is left but what is held for longer than `ms` more. */
  const after = async (ms: number): Promise<void> => {
    await passTime(db, ms);
    await drain(mirror, 60_000);
    // Feedback that looked while its trace was being decided looks again in a second.
    await passTime(db, 1000);
    await drain(mirror, 60_000);
  };
  return { standIn, address, mirror, book, after };
}
