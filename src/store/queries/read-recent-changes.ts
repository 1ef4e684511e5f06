import type { FeedbackType } from "../../domain/feedback.ts";
import type { Outcome } from "../../domain/outcome.ts";
import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../database.ts";

export type RecentSuggestion = {
  readonly suggestionId: string;
  readonly functionName: string | null;
  readonly status: SuggestionStatus;
  readonly outcome: Outcome;
  readonly createdAt: Date;
};

export type RecentFeedback = {
  readonly feedbackId: string;
  readonly suggestionId: string;
  readonly type: FeedbackType;
  readonly createdAt: Date;
  /** Of the suggestion, by now; it may be an old one. */
  readonly functionName: string | null;
  readonly status: SuggestionStatus | null;
  readonly outcome: Outcome | null;
  readonly suggestionCreatedAt: Date | null;
};

const suggestionsSql = `
  select id as "suggestionId", function_name as "functionName", status, outcome, created_at as "createdAt"
  from ai_suggestions
  where left(project_id, 100) = left($1, 100) and project_id = $1
  order by created_at desc, id desc
  limit $2
`;

const feedbackSql = `
  select e.id as "feedbackId", e.suggestion_id as "suggestionId", e.feedback_type::text as type, e.created_at as "createdAt",
    s.function_name as "functionName", s.status, s.outcome, s.created_at as "suggestionCreatedAt"
  from (
    select id, suggestion_id, feedback_type, created_at
    from ai_feedback_events
    where project_id = $1 and created_at > now() - $3 * interval '1 second'
    order by created_at desc, id desc
    limit $2
  ) e
  left join ai_suggestions s on s.id = e.suggestion_id and s.project_id = $1
`;

/** The project's newest suggestions as they stand now. */
export const readRecentSuggestions = (
  db: Queryable,
  projectId: string,
  limit: number,
): Promise<readonly RecentSuggestion[]> => db.query<RecentSuggestion>(suggestionsSql, [projectId, limit]);

/** The project's newest feedback of the last seconds, with its suggestions as they stand now. */
export const readRecentFeedback = (
  db: Queryable,
  projectId: string,
  { limit, withinSeconds }: { readonly limit: number; readonly withinSeconds: number },
): Promise<readonly RecentFeedback[]> => db.query<RecentFeedback>(feedbackSql, [projectId, limit, withinSeconds]);
