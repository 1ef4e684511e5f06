import type { Queryable } from "../../store/database.ts";

const sql = `
  select function_name as "functionName"
  from ai_suggestions
  where id = $1 and project_id = $2 and ticket_id = uptake_ticket_id($3)
`;

/** The agent function behind a suggestion for this ticket; undefined where it is none for this ticket. */
export async function findFunctionOf(
  db: Queryable,
  of: { readonly suggestionId: string; readonly projectId: string; readonly ticketId: string },
): Promise<{ readonly functionName: string | null } | undefined> {
  const [row] = await db.query<{ functionName: string | null }>(sql, [of.suggestionId, of.projectId, of.ticketId]);
  return row;
}
