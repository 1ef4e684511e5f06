import type { Queryable } from "../database.ts";

/** How far one batch came: the last suggestion that it looked at, null where none is left, and how many it decided. */
export type AppliedFeedback = { readonly lastId: string | null; readonly appliedCount: number };

// A suggestion that its feedback has decided is not looked at again, so that it can be stopped and begun anew.
const sql = `
  with batch as (
    select s.id
    from ai_suggestions s
    where s.id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
      and s.outcome = 'pending'
      and exists (select from ai_feedback_events e where e.suggestion_id = s.id and e.project_id = s.project_id)
    order by s.id
    limit $2
  ),
  applied as materialized (
    select uptake_apply_feedback(array(select id from batch)) is not null as done
  )
  select (select id::text from batch order by id desc limit 1) as "lastId", (select count(*) from batch) as "appliedCount"
  from applied
`;

/** Lets feedback that was there before our triggers decide its suggestions, those after the id `after` first. */
export async function applyOldFeedback(db: Queryable, after: string | null, limit: number): Promise<AppliedFeedback> {
  const [row] = await db.query<AppliedFeedback>(sql, [after, limit]);
  return row ?? { lastId: null, appliedCount: 0 };
}
