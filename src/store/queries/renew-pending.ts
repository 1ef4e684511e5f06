import type { Queryable } from "../database.ts";

const sql = `
  update ai_pending_claims
  set locked_until = now() + make_interval(secs => $3)
  where suggestion_id = $1 and locked_by = $2
`;

/** Keeps a claimed row for another lease. One that somebody else took over meanwhile stays theirs. */
export async function renewPending(
  db: Queryable,
  claim: { readonly suggestionId: string; readonly token: string; readonly leaseMs: number },
): Promise<void> {
  await db.query(sql, [claim.suggestionId, claim.token, claim.leaseMs / 1000]);
}
