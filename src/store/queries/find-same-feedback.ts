import type { FeedbackSource, FeedbackType } from "../../domain/feedback.ts";
import type { Queryable } from "../database.ts";

/** An event that is recorded, as far as it tells whether another one is the same. */
export type RecordedFeedback = {
  readonly id: string;
  readonly idempotencyKey: string | null;
  readonly suggestionId: string;
  readonly type: FeedbackType;
  readonly source: FeedbackSource;
  readonly keptRatio: number | null;
};

const sql = `
  select id, idempotency_key as "idempotencyKey", suggestion_id as "suggestionId", feedback_type::text as type, source,
    kept_ratio as "keptRatio"
  from ai_feedback_events
  where id = any ($1::uuid[]) or (project_id = $2 and idempotency_key = any ($3::text[]))
`;

/** The events that have one of these ids or idempotency keys. */
export function findSameFeedback(
  db: Queryable,
  projectId: string,
  events: readonly { readonly id: string; readonly idempotencyKey: string | null }[],
): Promise<readonly RecordedFeedback[]> {
  const keys = events.flatMap(({ idempotencyKey }) => idempotencyKey ?? []);
  return db.query<RecordedFeedback>(sql, [events.map(({ id }) => id), projectId, keys]);
}
