import type { Queryable } from "../database.ts";

/** One suggestion of those that were marked. */
export type ShownSuggestion = {
  readonly suggestionId: string;
  /** When it was first seen. */
  readonly shownAt: Date;
  /** Whether this call's time is the first. */
  readonly first: boolean;
};

// The earliest time counts, in whatever order they come. Locked in the order of their ids, as feedback locks them.
const sql = `
  with locked as materialized (
    select id, shown_at is null or shown_at > $3::timestamptz as first
    from ai_suggestions
    where id = any ($1::uuid[]) and project_id = $2
    order by id
    for no key update
  ),
  marked as (
    update ai_suggestions s
    set shown_at = $3::timestamptz, shown_to = $4, updated_at = now()
    from locked l
    where s.id = l.id and l.first and s.id = any ($1::uuid[]) -- says nothing new, but names the partitions
    returning s.id, s.shown_at
  )
  select l.id as "suggestionId", coalesce(m.shown_at, s.shown_at) as "shownAt", l.first
  from locked l
  join ai_suggestions s on s.id = l.id
  left join marked m on m.id = l.id
`;

export function markShown(
  db: Queryable,
  suggestionIds: readonly string[],
  seen: { readonly projectId: string; readonly at: Date; readonly agentId: string | null },
): Promise<readonly ShownSuggestion[]> {
  return db.query<ShownSuggestion>(sql, [suggestionIds, seen.projectId, seen.at, seen.agentId]);
}
