import type { FeedbackSource, FeedbackType } from "../../domain/feedback.ts";
import type { Queryable } from "../database.ts";
import type { DeliveryState } from "./read-suggestion.ts";

/** One act of a person, and how it stands with Langfuse. */
export type FeedbackOfSuggestion = {
  readonly feedbackId: string;
  readonly type: FeedbackType;
  readonly source: FeedbackSource;
  readonly reasons: readonly string[];
  readonly comment: string | null;
  readonly finalText: string | null;
  readonly agentId: string | null;
  readonly keptRatio: number | null;
  readonly createdAt: Date;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly mirror: DeliveryState;
};

const sql = `
  select
    e.id as "feedbackId",
    e.feedback_type::text as type,
    e.source,
    uptake_feedback_reasons(e) as reasons,
    e.comment,
    e.agent_response as "finalText",
    e.agent_id::text as "agentId",
    e.kept_ratio as "keptRatio",
    e.created_at as "createdAt",
    coalesce(e.metadata, '{}') as metadata,
    jsonb_build_object(
      'state', case when o.dead_at is not null then 'dead' when o.id is not null then 'waiting'
        when d.ref is not null then 'delivered' when l.rule is not null then 'left_out' else 'none' end,
      'attempts', coalesce(o.attempts, d.attempts),
      'reason', coalesce(o.last_error, l.rule),
      'deliveredAt', to_char(d.delivered_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    ) as mirror
  from ai_feedback_events e
  left join langfuse_outbox o on o.kind = 'feedback' and o.ref = e.id
  left join langfuse_deliveries d on d.kind = 'feedback' and d.ref = e.id
  left join langfuse_left_out l on l.suggestion_id = e.suggestion_id
  where e.suggestion_id = $1 and e.project_id = $2
  order by e.created_at, e.id
`;

/** All feedback on the project's suggestion, the oldest first. */
export function readFeedbackHistory(
  db: Queryable,
  suggestionId: string,
  projectId: string,
): Promise<readonly FeedbackOfSuggestion[]> {
  return db.query<FeedbackOfSuggestion>(sql, [suggestionId, projectId]);
}
