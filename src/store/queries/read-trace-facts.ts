import type { SamplingFacts } from "../../domain/sampling.ts";
import type { Queryable } from "../database.ts";

/** A claimed trace message and what sampling decides by. */
export type TraceFacts = SamplingFacts & {
  /** Of the message. */
  readonly id: number;
  readonly suggestionId: string;
  readonly keptBy: string | null;
  /** Whether it was mirrored before. */
  readonly isDelivered: boolean;
  /** Since the message was written, by the database's clock. */
  readonly ageMs: number;
};

const sql = `
  select
    o.id,
    s.id as "suggestionId",
    o.kept_by as "keptBy",
    exists (select from langfuse_deliveries d where d.kind = 'trace' and d.ref = o.ref) as "isDelivered",
    extract(epoch from now() - o.created_at)::double precision * 1000 as "ageMs",
    coalesce(s.trace_id, replace(s.id::text, '-', '')) as "traceId",
    s.function_name as "functionName",
    s.status = 'error' as "isError",
    coalesce(acts.rejected, false) as "isRejected",
    coalesce(acts.revised, false) as "isRevised",
    s.latency_ms as "latencyMs",
    s.confidence_score as confidence,
    s.cost_usd as "costUsd"
  from langfuse_outbox o
  join ai_suggestions s on s.id = o.ref
  cross join lateral (
    select bool_or(e.feedback_type = 'rejection') as rejected, bool_or(e.feedback_type = 'revision') as revised
    from ai_feedback_events e
    where e.suggestion_id = s.id and e.project_id = s.project_id
  ) acts
  where o.id = any ($1::bigint[])
`;

/** Of messages whose suggestion is there; in no particular order. */
export const readTraceFacts = (db: Queryable, messageIds: readonly number[]): Promise<readonly TraceFacts[]> =>
  db.query<TraceFacts>(sql, [messageIds]);
