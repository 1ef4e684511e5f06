import type { Queryable } from "../database.ts";

const sql = `
  select
    (select count(*) from ai_suggestions where created_at >= $1 and created_at < $2) as "suggestionCount",
    (
      select count(*)
      from ai_feedback_events e
      where e.created_at >= $1 and e.created_at < $2
        and not exists (select from ai_suggestions s where s.id = e.suggestion_id and s.project_id = e.project_id)
        and not exists (select from langfuse_deliveries d where d.kind = 'feedback' and d.ref = e.id)
        and not exists (select from langfuse_outbox o where o.kind = 'feedback' and o.ref = e.id)
    ) as "orphanCount"
`;

export type BackfillSize = {
  readonly suggestionCount: number;
  /** Feedback events that were never mirrored and whose suggestion is not there. */
  readonly orphanCount: number;
};

/** What a backfill of the range will look at, by the time each was made. */
export async function countBackfill(
  db: Queryable,
  range: { readonly from: Date; readonly to: Date },
): Promise<BackfillSize> {
  const [row] = await db.query<BackfillSize>(sql, [range.from.toISOString(), range.to.toISOString()]);
  return row ?? { suggestionCount: 0, orphanCount: 0 };
}
