import type { Queryable } from "../database.ts";

export type MissingPage = {
  /** After the suggestion with this id; null begins. */
  readonly after: string | null;
  /** Most suggestions that are looked at. */
  readonly limit: number;
  /** The worker asks Langfuse first and sends only what is not there. */
  readonly unsure: boolean;
  /** Only counts. */
  readonly dryRun: boolean;
};

export type EnqueuedPage = {
  /** Suggestions that were looked at. */
  readonly suggestionCount: number;
  /** Of these the ones whose run has not ended; with their feedback they are left out. */
  readonly pendingCount: number;
  /** Of these the ones that sampling has left out; with their feedback they stay so. */
  readonly leftOutCount: number;
  /** Messages that were put into the outbox or, when nothing but counting was asked for, would be. */
  readonly traceCount: number;
  readonly feedbackCount: number;
  /** The last suggestion that was looked at; null where there was none. */
  readonly last: string | null;
};

// What was mirrored is in the ledger, what will be is in the outbox, and what sampling keeps out is noted, so whoever starts again goes on where the last one
// ended. Walks the primary key: rows that come meanwhile bring their own messages.
const sql = `
  with page as materialized (
    select id, project_id, status, emptied_at
    from ai_suggestions
    where created_at >= $1 and created_at < $2 and ($3::uuid is null or id > $3::uuid)
    order by id
    limit $4
  ),
  left_out as materialized (
    select l.suggestion_id from langfuse_left_out l join page p on p.id = l.suggestion_id
  ),
  wanted as (
    select 'trace' as kind, p.id as ref, p.project_id
    from page p
    where p.status <> 'pending' and p.emptied_at is null
      and not exists (select from left_out l where l.suggestion_id = p.id)
    union all
    select 'feedback', e.id, e.project_id
    from page p
    join ai_feedback_events e on e.suggestion_id = p.id and e.project_id = p.project_id
    where p.status <> 'pending' and not exists (select from erased_suggestions x where x.suggestion_id = p.id)
      and not exists (select from left_out l where l.suggestion_id = p.id)
      -- Of one that was emptied no trace goes any more, and no feedback without it.
      and (p.emptied_at is null or exists (select from langfuse_deliveries d where d.kind = 'trace' and d.ref = p.id))
  ),
  missing as materialized (
    select w.kind, w.ref, w.project_id
    from wanted w
    where not exists (select from langfuse_deliveries d where d.kind = w.kind and d.ref = w.ref)
      and not exists (select from langfuse_outbox o where o.kind = w.kind and o.ref = w.ref)
  ),
  enqueued as (
    insert into langfuse_outbox (kind, ref, project_id, unsure)
    select kind, ref, project_id, $5 from missing where not $6
    on conflict (kind, ref) do nothing
    returning kind
  ),
  counted as (
    select kind from enqueued
    union all
    select kind from missing where $6
  )
  select
    (select count(*) from page) as "suggestionCount",
    (select count(*) from page where status = 'pending') as "pendingCount",
    (select count(*) from left_out) as "leftOutCount",
    (select count(*) from counted where kind = 'trace') as "traceCount",
    (select count(*) from counted where kind = 'feedback') as "feedbackCount",
    (select id from page order by id desc limit 1) as last
`;

/** Puts what was never mirrored of the next suggestions made in the range, feedback included, into the outbox. */
export async function enqueueMissing(
  db: Queryable,
  range: { readonly from: Date; readonly to: Date },
  { after, limit, unsure, dryRun }: MissingPage,
): Promise<EnqueuedPage> {
  const values = [range.from.toISOString(), range.to.toISOString(), after, limit, unsure, dryRun];
  const [row] = await db.query<EnqueuedPage>(sql, values);
  return row ?? { suggestionCount: 0, pendingCount: 0, leftOutCount: 0, traceCount: 0, feedbackCount: 0, last: null };
}
