import type { FeedbackRow } from "../../domain/feedback-row.ts";
import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../database.ts";

/** One feedback event and what its scores and its observation need of its suggestion. */
export type MirroredFeedbackRow = FeedbackRow & {
  /** Null: the suggestion is not there (yet). */
  readonly status: SuggestionStatus | null;
};

// An act stamped no later than its suggestion (an import without times) has no known time to feedback.
const sql = `
  select
    e.id,
    e.suggestion_id as "suggestionId",
    s.status,
    coalesce(s.trace_id, replace(e.suggestion_id::text, '-', '')) as "traceId",
    s.observation_id as "observationId",
    t.observations -> 0 ->> 'id' as "rootObservationId",
    s.function_name as "functionName",
    s.ticket_id::text as "ticketId",
    s.message_id::text as "messageId",
    s.system_user_id::text as "systemUserId",
    s.environment,
    s.release,
    s.prompt_version as "promptVersion",
    s.confidence_score as "confidenceScore",
    s.metadata -> 'tags' as tags,
    e.feedback_type::text as type,
    e.feedback_reason as reason,
    coalesce(e.feedback_reasons[2:], '{}') as "otherReasons",
    e.comment,
    e.agent_response as "finalText",
    e.agent_id::text as "agentId",
    e.source,
    e.kept_ratio as "keptRatio",
    case when took.time > interval '0' then round(extract(epoch from took.time) * 1000)::double precision end
      as "timeToFeedbackMs",
    e.created_at as "createdAt",
    coalesce(e.metadata, '{}') as metadata,
    coalesce(s.suggested_response, '') as "suggestedResponse"
  from ai_feedback_events e
  left join ai_suggestions s on s.id = e.suggestion_id and s.project_id = e.project_id
  left join ai_traces t on t.trace_id = coalesce(s.trace_id, replace(s.id::text, '-', ''))
  cross join lateral (
    select coalesce(e.time_to_feedback, e.created_at - coalesce(s.shown_at, s.created_at)) as time
  ) took
  where e.id = any ($1::uuid[]) and uptake_is_act(e.feedback_type::text)
    and not exists (select from erased_suggestions x where x.suggestion_id = e.suggestion_id)
    and (s.emptied_at is null or exists (
      select from langfuse_deliveries d where d.kind = 'trace' and d.ref = e.suggestion_id
    ))
    and (s.id is not null or not exists (
      select from retention_drops d where e.suggestion_id >= d.from_id and e.suggestion_id < d.to_id
    ))
`;

/** The feedback events with these ids, as far as they are there, one of the three acts, and their suggestion is neither dropped nor erased, nor emptied before its trace was sent; in no particular order. */
export async function readFeedbackForMirror(
  db: Queryable,
  feedbackIds: readonly string[],
): Promise<readonly MirroredFeedbackRow[]> {
  return db.query<MirroredFeedbackRow>(sql, [feedbackIds]);
}
