import type { Observation } from "../../domain/observation.ts";
import type { Queryable } from "../database.ts";
import type { ListedSuggestion } from "./list-suggestions.ts";

/** How a row stands in the outbox and in the ledger. */
export type DeliveryState = {
  readonly state: "waiting" | "delivered" | "dead" | "left_out" | "none";
  readonly attempts: number | null;
  readonly reason: string | null;
  readonly deliveredAt: Date | null;
};

/** All that is kept of one suggestion, its feedback aside. */
export type StoredSuggestion = Omit<ListedSuggestion, "isTextCut" | "createdAtMicros"> & {
  readonly systemUserId: string | null;
  readonly release: string | null;
  readonly observationId: string | null;
  readonly timeToFirstTokenMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly errorMessage: string | null;
  readonly shownTo: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly observations: readonly Observation[];
  readonly mirror: DeliveryState;
};

const sql = `
  select
    s.id as "suggestionId",
    coalesce(s.trace_id, replace(s.id::text, '-', '')) as "traceId",
    s.function_name as "functionName",
    s.environment,
    s.release,
    s.model,
    s.prompt_name as "promptName",
    s.prompt_version as "promptVersion",
    s.ticket_id::text as "ticketId",
    s.message_id::text as "messageId",
    s.system_user_id::text as "systemUserId",
    s.status,
    s.outcome,
    s.suggested_response as text,
    s.confidence_score as confidence,
    s.kept_ratio as "keptRatio",
    s.latency_ms as "latencyMs",
    s.time_to_first_token_ms as "timeToFirstTokenMs",
    s.input_tokens as "inputTokens",
    s.output_tokens as "outputTokens",
    s.cost_usd as "costUsd",
    s.error_type as "errorType",
    s.error_message as "errorMessage",
    s.observation_id as "observationId",
    s.created_at as "createdAt",
    s.shown_at as "shownAt",
    s.shown_to as "shownTo",
    s.decided_at as "decidedAt",
    coalesce(s.metadata, '{}') as metadata,
    coalesce(t.observations, '[]') as observations,
    jsonb_build_object(
      'state', case when o.dead_at is not null then 'dead' when o.id is not null then 'waiting'
        when d.ref is not null then 'delivered' when l.rule is not null then 'left_out' else 'none' end,
      'attempts', coalesce(o.attempts, d.attempts),
      'reason', coalesce(o.last_error, l.rule),
      'deliveredAt', to_char(d.delivered_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    ) as mirror
  from ai_suggestions s
  left join ai_traces t
    on t.trace_id = coalesce(s.trace_id, replace(s.id::text, '-', '')) and t.project_id = s.project_id
  left join langfuse_outbox o on o.kind = 'trace' and o.ref = s.id
  left join langfuse_deliveries d on d.kind = 'trace' and d.ref = s.id
  left join langfuse_left_out l on l.suggestion_id = s.id
  where s.id = $1 and s.project_id = $2
`;

/** The project's suggestion with this id, if it has one. */
export async function readSuggestion(
  db: Queryable,
  suggestionId: string,
  projectId: string,
): Promise<StoredSuggestion | undefined> {
  const [row] = await db.query<StoredSuggestion>(sql, [suggestionId, projectId]);
  return row;
}
