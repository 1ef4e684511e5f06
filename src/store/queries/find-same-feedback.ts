import type { FeedbackSource, FeedbackType } from "../../domain/feedback.ts";
import type { Queryable } from "../database.ts";

/** An event that is recorded, as far as it tells whether another one is the same. */
export type RecordedFeedback = {
  readonly id: string;
  readonly suggestionId: string;
  readonly type: FeedbackType;
  readonly source: FeedbackSource;
  readonly keptRatio: number | null;
};

const sql = `
  select id, suggestion_id as "suggestionId", feedback_type as type, source, kept_ratio as "keptRatio"
  from ai_feedback_events
  where id = $1 or (project_id = $2 and idempotency_key = $3)
`;

/** The event that has this id or this idempotency key. */
export async function findSameFeedback(
  db: Queryable,
  event: { readonly id: string; readonly projectId: string; readonly idempotencyKey: string | null },
): Promise<RecordedFeedback | undefined> {
  const [row] = await db.query<RecordedFeedback>(sql, [event.id, event.projectId, event.idempotencyKey]);
  return row;
}
