import type { Queryable } from "../database.ts";

// A record that is in the spool still has to come: its row is pending, so its claim stays until the lease is over.
const sql = `
  delete from ai_pending_claims c
  where c.suggestion_id = $1 and c.locked_by = $2
    and not exists (select from ai_suggestions s where s.id = c.suggestion_id and s.status = 'pending')
  returning c.suggestion_id
`;

/** Lets go of a claimed row that is finished; resolves to whether it is. */
export async function settlePending(
  db: Queryable,
  claim: { readonly suggestionId: string; readonly token: string },
): Promise<boolean> {
  return (await db.query(sql, [claim.suggestionId, claim.token])).length > 0;
}
