import type { Outcome } from "../../domain/outcome.ts";
import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../../store/database.ts";

const sql = `
  select id as "suggestionId", function_name as "functionName", message_id as "messageId", status, outcome,
    suggested_response as text, confidence_score as confidence, model, error_message as "errorMessage",
    created_at as "createdAt", shown_at as "shownAt"
  from ai_suggestions
  where ticket_id = uptake_ticket_id($1) and project_id = $2 and function_name is distinct from 'classify-ticket'
  order by created_at desc, id desc
  limit 1
`;

/** A suggested reply, whole. */
export type DeskSuggestion = {
  readonly suggestionId: string;
  readonly functionName: string | null;
  /** The customer's message that it answers. */
  readonly messageId: string | null;
  readonly status: SuggestionStatus;
  readonly outcome: Outcome;
  readonly text: string;
  readonly confidence: number | null;
  readonly model: string | null;
  readonly errorMessage: string | null;
  readonly createdAt: Date;
  readonly shownAt: Date | null;
};

/** The newest suggestion for a ticket that is a text to send, and no classification. */
export async function readDeskSuggestion(
  db: Queryable,
  { ticketId, projectId }: { readonly ticketId: string; readonly projectId: string },
): Promise<DeskSuggestion | undefined> {
  const [row] = await db.query<DeskSuggestion>(sql, [ticketId, projectId]);
  return row;
}
