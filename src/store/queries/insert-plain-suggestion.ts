import type { Queryable } from "../database.ts";

/** A suggestion as an application without the library inserts it: no trace, no observation, no times. */
export type PlainSuggestionRow = {
  readonly id: string;
  readonly projectId: string;
  readonly functionName: string;
  readonly ticketId: string;
  readonly suggestedResponse: string;
  readonly environment: string;
};

const sql = `
  insert into ai_suggestions (id, project_id, function_name, ticket_id, suggested_response, environment, status)
  values ($1, $2, $3, $4, $5, $6, 'completed')
`;

/** Inserts one finished suggestion that nothing was recorded of. */
export async function insertPlainSuggestion(db: Queryable, row: PlainSuggestionRow): Promise<void> {
  const { id, projectId, functionName, ticketId, suggestedResponse, environment } = row;
  await db.query(sql, [id, projectId, functionName, ticketId, suggestedResponse, environment]);
}
