import type { Queryable } from "../../store/database.ts";

const sql = `
  select s.outcome = 'auto_sent' as "isAutoSent", exists (
    select from ai_feedback_events e
    where e.suggestion_id = s.id and e.project_id = s.project_id and e.source = 'inferred'
      and e.idempotency_key is distinct from $3
  ) as "isCompared"
  from ai_suggestions s
  where s.id = $1 and s.project_id = $2
`;

/** Whether a suggestion went out by itself, and whether another message than the one of this key was compared with it. */
export type EarlierReply = { readonly isAutoSent: boolean; readonly isCompared: boolean };

/** What has been sent on a suggestion before; undefined where there is no such suggestion in the project. */
export async function readEarlierReply(
  db: Queryable,
  of: { readonly suggestionId: string; readonly projectId: string; readonly idempotencyKey: string },
): Promise<EarlierReply | undefined> {
  const [row] = await db.query<EarlierReply>(sql, [of.suggestionId, of.projectId, of.idempotencyKey]);
  return row;
}
