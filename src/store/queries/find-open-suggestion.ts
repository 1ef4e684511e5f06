import type { Queryable } from "../database.ts";
import type { JudgedSuggestion } from "./find-judged-suggestion.ts";

const sql = `
  select id, status, suggested_response as "suggestedResponse", created_at as "createdAt"
  from ai_suggestions
  where ticket_id = $1
    and ($2::text is null or message_id = $2)
    and project_id = $3
    and outcome = 'pending'
    and status <> 'pending'
    and error_type is null
  order by created_at desc, id desc
  limit 1
`;

/** The newest suggestion for a ticket (and message, if given) that is finished and nobody has judged yet. */
export async function findOpenSuggestion(
  db: Queryable,
  where: { ticketId: string; messageId?: string | undefined; projectId: string },
): Promise<JudgedSuggestion | undefined> {
  const [row] = await db.query<JudgedSuggestion>(sql, [where.ticketId, where.messageId ?? null, where.projectId]);
  return row;
}
