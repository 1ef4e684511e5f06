import type { Queryable } from "../database.ts";

export type KeptTrace = { readonly suggestionId: string; readonly rule: string };

// In order, as everybody who takes several of these rows at once. A rule that no budget leaves out takes the place of one
// that it may; else the first that decided stays.
const sql = `
  with mine as (
    select o.id, k.rule
    from langfuse_outbox o
    join json_to_recordset($1::json) as k ("suggestionId" uuid, rule text) on k."suggestionId" = o.ref
    where o.kind = 'trace' and o.ref = any ($3::uuid[]) and o.dead_at is null
      and (o.kept_by is null or (k.rule = any ($2::text[]) and o.kept_by <> all ($2::text[])))
    order by o.id
    for update of o
  )
  update langfuse_outbox o
  set kept_by = mine.rule, held_until = null, available_at = least(o.available_at, now())
  from mine
  where o.id = mine.id and o.id = any (array(select id from mine))
  returning o.ref
`;

/**
 * Notes of traces in the outbox, whoever holds them, that they are mirrored and why: from here on nobody leaves them out. Resolves
 * to the suggestions of those for which it was not noted yet.
 */
export async function markKept(
  tx: Queryable,
  traces: readonly KeptTrace[],
  mustRules: readonly string[],
): Promise<readonly string[]> {
  const ids = traces.map(({ suggestionId }) => suggestionId);
  const marked = await tx.query<{ ref: string }>(sql, [JSON.stringify(traces), mustRules, ids]);
  return marked.map(({ ref }) => ref);
}
