import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../database.ts";

/** What feedback needs to know of its suggestion. */
export type JudgedSuggestion = {
  readonly id: string;
  readonly status: SuggestionStatus;
  readonly suggestedResponse: string;
  readonly createdAt: Date;
};

const sql = `
  select id, status, suggested_response as "suggestedResponse", created_at as "createdAt"
  from ai_suggestions
  where id = $1 and project_id = $2
`;

export async function findJudgedSuggestion(
  db: Queryable,
  suggestionId: string,
  projectId: string,
): Promise<JudgedSuggestion | undefined> {
  const [row] = await db.query<JudgedSuggestion>(sql, [suggestionId, projectId]);
  return row;
}
