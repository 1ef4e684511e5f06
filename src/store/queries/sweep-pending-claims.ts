import type { Queryable } from "../database.ts";

// A row that was finished by somebody else, such as its host, or deleted.
const sql = `
  delete from ai_pending_claims c
  where coalesce(c.locked_until, c.available_at) < now()
    and not exists (select from ai_suggestions s where s.id = c.suggestion_id and s.status = 'pending')
`;

/** Deletes claims on rows that are pending no more. */
export async function sweepPendingClaims(db: Queryable): Promise<void> {
  await db.query(sql);
}
