import type { ErasureSubject } from "../../domain/erasure.ts";
import type { Queryable } from "../database.ts";

// One that is under way is gone on with, so that asking again never makes two.
const open = `
  with hashed as (select uptake_subject_sha256($2, $3, $4) as sha256),
  made as (
    insert into erasures (id, project_id, subject_kind, subject_sha256, requested_by)
    select $1, $2, $3, sha256, $5 from hashed
    where not exists (select from erasures e where e.subject_sha256 = hashed.sha256 and e.state = 'pending')
    returning id
  )
  select id from made
  union all
  select e.id from erasures e join hashed on e.subject_sha256 = hashed.sha256 where e.state = 'pending'
  limit 1
`;

// Of what is gone on with, no place is done any more: there may be more to erase in it than before.
const reopen = `update erasures set places = '{}' where id = $1 and places <> '{}'`;

const fence = `
  insert into erased_subjects (subject_sha256, erasure_id, before)
  select uptake_subject_sha256($2, v.kind, v.id), $1, case v.kind when 'suggestion' then 'infinity' else now() end
  from (select $3 as kind, $4 as id union select 'ticket', unnest($5::text[])) v
  on conflict (subject_sha256) do update
  set erasure_id = excluded.erasure_id, before = greatest(erased_subjects.before, excluded.before)
  returning pg_current_xact_id()::text as xid
`;

export type OpenedErasure = {
  readonly id: string;
  /** Of the transaction that put up the fence. */
  readonly xid: string;
};

/** Opens an erasure, or takes up the one that is under way, and puts up its fence: what comes from now on is emptied as it comes. */
export async function openErasure(
  tx: Queryable,
  subject: ErasureSubject & { readonly newId: string; readonly projectId: string; readonly requestedBy: string },
  ticketIds: readonly string[],
): Promise<OpenedErasure> {
  const { newId, projectId, kind, id, requestedBy } = subject;
  const [opened] = await tx.query<{ id: string }>(open, [newId, projectId, kind, id, requestedBy]);
  if (opened === undefined) throw new Error("an erasure that was just made is not there");
  await tx.query(reopen, [opened.id]);
  const [fenced] = await tx.query<{ xid: string }>(fence, [opened.id, projectId, kind, id, ticketIds]);
  return { id: opened.id, xid: fenced?.xid ?? "0" };
}

const fenceSuggestion = `
  insert into erased_suggestions as x (suggestion_id, erasure_id, trace_id, in_langfuse)
  select id, $1, trace_id, false from unnest($2::uuid[], $3::text[]) as s (id, trace_id)
  on conflict (suggestion_id) do update set erasure_id = excluded.erasure_id
  returning pg_current_xact_id()::text as xid
`;

/** Fences suggestions, before anything of them is erased: feedback on them is emptied as it comes. Resolves to the transaction's id. */
export async function fenceSuggestions(
  tx: Queryable,
  erasureId: string,
  suggestions: readonly { readonly id: string; readonly traceId: string }[],
): Promise<string> {
  const [ids, traceIds] = [suggestions.map(({ id }) => id), suggestions.map(({ traceId }) => traceId)];
  const [fenced] = await tx.query<{ xid: string }>(fenceSuggestion, [erasureId, ids, traceIds]);
  return fenced?.xid ?? "0";
}
