import type { FeedbackType } from "../../domain/feedback.ts";
import type { Queryable } from "../database.ts";

export type NewestSuggestion = {
  readonly suggestionId: string;
  readonly functionName: string | null;
  readonly createdAt: Date;
};

export type NewestFeedback = {
  readonly suggestionId: string;
  readonly type: FeedbackType;
  readonly createdAt: Date;
};

const suggestionSql = `
  select id as "suggestionId", function_name as "functionName", created_at as "createdAt"
  from ai_suggestions
  where left(project_id, 100) = left($1, 100) and project_id = $1
  order by created_at desc, id desc
  limit 1
`;

// By way of the newest suggestions, which an index has in order: feedback events of a project have no index of their own.
const feedbackSql = `
  select e.suggestion_id as "suggestionId", e.feedback_type::text as type, e.created_at as "createdAt"
  from (
    select id
    from ai_suggestions
    where left(project_id, 100) = left($1, 100) and project_id = $1
    order by created_at desc, id desc
    limit 1000
  ) newest
  join ai_feedback_events e on e.suggestion_id = newest.id
  order by e.created_at desc
  limit 1
`;

/** The newest suggestion of the project; undefined as long as there is none. */
export async function readNewestSuggestion(db: Queryable, projectId: string): Promise<NewestSuggestion | undefined> {
  const [row] = await db.query<NewestSuggestion>(suggestionSql, [projectId]);
  return row;
}

/** The newest act on one of the newest thousand suggestions of the project. */
export async function readNewestFeedback(db: Queryable, projectId: string): Promise<NewestFeedback | undefined> {
  const [row] = await db.query<NewestFeedback>(feedbackSql, [projectId]);
  return row;
}
