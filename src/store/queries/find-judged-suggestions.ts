import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../database.ts";

/** What feedback needs to know of its suggestion. */
export type JudgedSuggestion = {
  readonly id: string;
  readonly status: SuggestionStatus;
  readonly functionName: string | null;
  readonly suggestedResponse: string;
};

const sql = `
  select id, status, function_name as "functionName", suggested_response as "suggestedResponse"
  from ai_suggestions
  where id = any ($1::uuid[]) and project_id = $2
`;

/** The suggestions of the project that have these ids, by id in lower case. */
export async function findJudgedSuggestions(
  db: Queryable,
  suggestionIds: readonly string[],
  projectId: string,
): Promise<ReadonlyMap<string, JudgedSuggestion>> {
  const rows = await db.query<JudgedSuggestion>(sql, [suggestionIds, projectId]);
  return new Map(rows.map((row) => [row.id, row]));
}
