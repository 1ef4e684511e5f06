import type { Queryable } from "../database.ts";

/** How far one batch came: the last suggestion that it looked at, null where none is left, and how many it decided. */
export type AppliedFeedback = { readonly lastId: string | null; readonly appliedCount: number };

// Along the primary key, so many suggestions at a time whatever they are: asked for the next pending ones with feedback, a
// planner that knows nothing of a column just added reads both tables whole, for every batch. A suggestion that its
// feedback has decided is passed by, so that it can be stopped and begun anew; one that a worker has expired meanwhile is not.
const sql = `
  with passed as materialized (
    select s.id, s.project_id, s.outcome
    from ai_suggestions s
    where s.id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
    order by s.id
    limit $2
  ),
  batch as materialized (
    select p.id
    from passed p
    where p.outcome in ('pending', 'expired')
      and exists (
        select from ai_feedback_events e
        where e.suggestion_id = p.id and e.project_id = p.project_id and uptake_is_act(e.feedback_type::text)
      )
  ),
  applied as materialized (
    select uptake_apply_feedback(array(select id from batch)) is not null as done
  )
  select (select id::text from passed order by id desc limit 1) as "lastId", (select count(*) from batch) as "appliedCount"
  from applied
`;

/** Lets feedback that was there before our triggers decide its suggestions, those after the id `after` first. */
export async function applyOldFeedback(db: Queryable, after: string | null, limit: number): Promise<AppliedFeedback> {
  const [row] = await db.query<AppliedFeedback>(sql, [after, limit]);
  return row ?? { lastId: null, appliedCount: 0 };
}
