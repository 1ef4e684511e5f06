import type { Queryable } from "../database.ts";

const sql = `select uptake_apply_waiting_feedback() as "appliedCount"`;

type Row = { readonly appliedCount: number };

/** Applies feedback that came before its suggestion, where the suggestion is there by now; resolves to how many events. */
export async function applyWaitingFeedback(db: Queryable): Promise<number> {
  const [row] = await db.query<Row>(sql);
  return row?.appliedCount ?? 0;
}
