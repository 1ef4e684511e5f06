import type { Queryable } from "../../store/database.ts";

const sql = `
  select s.id, coalesce(array_agg(cited.source ->> 'id' order by cited.position) filter (where cited.source is not null), '{}')
    as "sourceIds"
  from ai_suggestions s
  left join lateral jsonb_array_elements(s.metadata -> 'sources') with ordinality as cited (source, position) on true
  where s.id = any ($1::uuid[])
  group by s.id
`;

/** The ids of the sources that each suggestion says it was built from, the main one first. */
export async function readCitedSources(
  db: Queryable,
  suggestionIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db.query<{ id: string; sourceIds: readonly string[] }>(sql, [suggestionIds]);
  return new Map(rows.map((row) => [row.id, row.sourceIds]));
}
