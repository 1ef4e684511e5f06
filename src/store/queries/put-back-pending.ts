import { storableText } from "../../domain/text.ts";
import type { Queryable } from "../database.ts";

const sql = `
  update ai_pending_claims
  set locked_until = null, locked_by = null, available_at = now() + make_interval(secs => $3), last_error = $4
  where suggestion_id = $1 and locked_by = $2
`;

/** Lets go of a claimed row, to be tried again after `delayMs`. */
export async function putBackPending(
  db: Queryable,
  claim: { readonly suggestionId: string; readonly token: string; readonly delayMs: number; readonly error: string },
): Promise<void> {
  await db.query(sql, [claim.suggestionId, claim.token, claim.delayMs / 1000, storableText(claim.error)]);
}
