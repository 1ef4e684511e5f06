import type { Queryable } from "../database.ts";

/** A trace message that is not to be mirrored; `keptBy` as it was when that was decided. */
export type LeavingTrace = {
  readonly id: number;
  readonly unsure: boolean;
  readonly keptBy: string | null;
  readonly rule: string;
};

// One statement, so that the message and the note change hands together. A row that somebody else has meanwhile found to
// be kept is looked at again under the lock, and stays. One that was emptied goes without a note, so nothing brings it back.
const sql = `
  with mine as (
    select o.id, l.rule, l.unsure
    from langfuse_outbox o
    join json_to_recordset($1::json) as l (id bigint, unsure boolean, "keptBy" text, rule text) on l.id = o.id
    where o.id = any ($3::bigint[]) and o.locked_by = $2 and o.kept_by is not distinct from l."keptBy"
    order by o.id
    for update of o
  ),
  gone as (
    delete from langfuse_outbox o
    using mine
    where o.id = mine.id and o.id = any (array(select id from mine))
    returning o.id, o.ref, o.project_id, mine.rule, mine.unsure
  ),
  noted as (
    insert into langfuse_left_out (suggestion_id, project_id, rule, unsure)
    select ref, project_id, rule, unsure from gone
    where not exists (select from ai_suggestions s where s.id = gone.ref and s.emptied_at is not null)
    on conflict (suggestion_id) do update set rule = excluded.rule
  )
  select id from gone
`;

/** Settles traces as left out; resolves to those of which nothing else was decided meanwhile and that the token held. */
export async function leaveOutTraces(
  db: Queryable,
  token: string,
  leaving: readonly LeavingTrace[],
): Promise<ReadonlySet<number>> {
  const ids = leaving.map(({ id }) => id);
  const rows = await db.query<{ id: number }>(sql, [JSON.stringify(leaving), token, ids]);
  return new Set(rows.map(({ id }) => id));
}
