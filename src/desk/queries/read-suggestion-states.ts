import type { Queryable } from "../../store/database.ts";

const sql = `
  select id, error_type is not null or status = 'error' as failed, outcome, created_at as "createdAt"
  from ai_suggestions
  where id = any ($1::uuid[])
`;

export type SuggestionState = {
  readonly id: string;
  readonly failed: boolean;
  readonly outcome: string;
  readonly createdAt: Date;
};

/** How the suggestions with these ids stand, those that exist. */
export async function readSuggestionStates(
  db: Queryable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, SuggestionState>> {
  const rows = await db.query<SuggestionState>(sql, [ids]);
  return new Map(rows.map((row) => [row.id, row]));
}
