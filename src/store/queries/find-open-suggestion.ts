import type { Queryable } from "../database.ts";
import type { JudgedSuggestion } from "./find-judged-suggestion.ts";

// A reply that was recorded already and comes again (a retry) is compared with the suggestion that it was compared with,
// and not with the next older one; the newest of both counts, so the same words may answer a later suggestion.
const sql = `
  select id, status, suggested_response as "suggestedResponse", created_at as "createdAt"
  from ai_suggestions s
  where ticket_id = uptake_ticket_id($1)
    and ($2::text is null or message_id = uptake_message_id($2))
    and project_id = $3
    and (outcome = 'pending' or exists (
      select from ai_feedback_events e
      where e.suggestion_id = s.id and e.project_id = $3 and e.source = 'inferred' and e.agent_response = $4
    ))
    and status <> 'pending'
    and error_type is null
  order by created_at desc, id desc
  limit 1
`;

/** The newest suggestion for a ticket (and message, if given) that is finished and that nobody, or this very reply, has judged. */
export async function findOpenSuggestion(
  db: Queryable,
  where: { ticketId: string; messageId?: string | undefined; projectId: string; finalText: string },
): Promise<JudgedSuggestion | undefined> {
  const { ticketId, messageId, projectId, finalText } = where;
  const [row] = await db.query<JudgedSuggestion>(sql, [ticketId, messageId ?? null, projectId, finalText]);
  return row;
}
