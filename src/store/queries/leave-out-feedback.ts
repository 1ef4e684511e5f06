import type { Queryable } from "../database.ts";

export type LeavingFeedback = { readonly id: number; readonly suggestionId: string; readonly unsure: boolean };

// The lock on the trace's note is what whoever brings the trace back waits for: it then sees this event, or this finds no
// note any more and leaves the message where it is.
const sql = `
  with leaving as (
    select * from json_to_recordset($1::json) as l (id bigint, "suggestionId" uuid, unsure boolean)
  ),
  standing as (
    select suggestion_id from langfuse_left_out
    where suggestion_id in (select "suggestionId" from leaving)
    order by suggestion_id
    for update
  ),
  gone as (
    delete from langfuse_outbox o
    using leaving l join standing s on s.suggestion_id = l."suggestionId"
    where o.id = l.id and o.id = any ($3::bigint[]) and o.locked_by = $2
    returning o.id, l."suggestionId", l.unsure
  ),
  counted as (
    update langfuse_left_out l
    set feedback_count = l.feedback_count + g.count, unsure = l.unsure or g.unsure
    from (select "suggestionId", count(*) as count, bool_or(unsure) as unsure from gone group by 1) g
    where l.suggestion_id = g."suggestionId"
  )
  select id from gone
`;

/** Settles feedback as left out with its trace; resolves to those whose trace still is and that the token held. */
export async function leaveOutFeedback(
  db: Queryable,
  token: string,
  leaving: readonly LeavingFeedback[],
): Promise<ReadonlySet<number>> {
  const ids = leaving.map(({ id }) => id);
  const rows = await db.query<{ id: number }>(sql, [JSON.stringify(leaving), token, ids]);
  return new Set(rows.map(({ id }) => id));
}
