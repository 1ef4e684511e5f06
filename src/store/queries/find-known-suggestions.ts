import type { Queryable } from "../database.ts";

/** A row whose id a record wanted. */
export type KnownSuggestion = {
  readonly id: string;
  readonly projectId: string;
  readonly functionName: string | null;
  readonly suggestedResponse: string;
};

const sql = `
  select id, project_id as "projectId", function_name as "functionName", suggested_response as "suggestedResponse"
  from ai_suggestions
  where id = any ($1::uuid[])
`;

/** The suggestions with these ids, whosever they are: to tell a repetition from an id that is taken, and for nothing else. */
export function findKnownSuggestions(db: Queryable, ids: readonly string[]): Promise<readonly KnownSuggestion[]> {
  return db.query<KnownSuggestion>(sql, [ids]);
}
