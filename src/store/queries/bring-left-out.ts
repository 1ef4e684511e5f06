import type { Queryable } from "../database.ts";
import type { KeptTrace } from "./mark-kept.ts";

export type BroughtTrace = { readonly suggestionId: string; readonly projectId: string; readonly unsure: boolean };

const take = `
  with standing as (
    select suggestion_id from langfuse_left_out where suggestion_id = any ($1::uuid[]) order by suggestion_id for update
  )
  delete from langfuse_left_out l
  using standing s
  where l.suggestion_id = s.suggestion_id
  returning l.suggestion_id as "suggestionId", l.project_id as "projectId", l.unsure
`;

// A statement of its own: it sees the feedback that was being left out while the first one waited for it.
const enqueue = `
  with brought as (
    select * from json_to_recordset($1::json) as b ("suggestionId" uuid, "projectId" text, unsure boolean, rule text)
  )
  insert into langfuse_outbox (kind, ref, project_id, unsure, kept_by)
  select 'trace', "suggestionId", "projectId", unsure, rule from brought
  union all
  select 'feedback', e.id, e.project_id, b.unsure, null
  from brought b
  join ai_feedback_events e on e.suggestion_id = b."suggestionId" and e.project_id = b."projectId"
  where not exists (select from langfuse_deliveries d where d.kind = 'feedback' and d.ref = e.id)
  on conflict (kind, ref) do nothing
`;

/** Puts traces that were left out, with all feedback on them, into the outbox; resolves to those that were. */
export async function bringLeftOut(tx: Queryable, traces: readonly KeptTrace[]): Promise<readonly BroughtTrace[]> {
  const taken = await tx.query<BroughtTrace>(take, [traces.map(({ suggestionId }) => suggestionId)]);
  if (taken.length === 0) return taken;
  const rules = new Map(traces.map(({ suggestionId, rule }) => [suggestionId, rule]));
  const brought = taken.map((trace) => ({ ...trace, rule: rules.get(trace.suggestionId) }));
  await tx.query(enqueue, [JSON.stringify(brought)]);
  return taken;
}
