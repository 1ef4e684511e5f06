import type { TraceSource } from "../../domain/trace-source.ts";
import type { Queryable } from "../database.ts";

// A row that the host inserted has no trace id: then it is the suggestion's id without dashes, as everywhere.
const sql = `
  select
    s.id as "suggestionId",
    s.project_id as "projectId",
    coalesce(s.trace_id, replace(s.id::text, '-', '')) as "traceId",
    s.function_name as "functionName",
    s.ticket_id::text as "ticketId",
    s.message_id::text as "messageId",
    s.system_user_id::text as "systemUserId",
    s.environment,
    s.release,
    s.created_at as "createdAt",
    s.latency_ms as "latencyMs",
    s.time_to_first_token_ms as "timeToFirstTokenMs",
    s.input_tokens as "inputTokens",
    s.output_tokens as "outputTokens",
    s.cost_usd as "costUsd",
    s.status,
    s.error_type as "errorType",
    s.error_message as "errorMessage",
    s.confidence_score as "confidenceScore",
    s.suggested_response as "suggestedResponse",
    s.model,
    s.prompt_name as "promptName",
    s.prompt_version as "promptVersion",
    s.observation_id as "observationId",
    coalesce(s.metadata, '{}') as metadata,
    t.observations
  from ai_suggestions s
  left join ai_traces t on t.trace_id = coalesce(s.trace_id, replace(s.id::text, '-', ''))
  where s.id = any ($1::uuid[]) and s.emptied_at is null
`;

/** The suggestions with these ids, as far as they are there and not emptied; in no particular order. */
export async function readTracesForMirror(
  db: Queryable,
  suggestionIds: readonly string[],
): Promise<readonly TraceSource[]> {
  return db.query<TraceSource>(sql, [suggestionIds]);
}
