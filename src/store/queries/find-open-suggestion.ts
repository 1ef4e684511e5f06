import type { Queryable } from "../database.ts";
import type { JudgedSuggestion } from "./find-judged-suggestions.ts";

// A reply that was recorded already and comes again is compared with the suggestion it was compared with, and not with
// the next older one. A newer suggestion makes it another act, unless the same person sent the same words within the
// window: that is a retry, and the suggestion came between. If that one was shown to somebody since the first sending, the
// same words may well answer it too, and it counts. A key of the caller's own tells retries apart without all this.
// A classification of the ticket is a suggestion as well, but no text that anybody sends.
const sql = `
  select s.id, s.status, s.function_name as "functionName", s.suggested_response as "suggestedResponse"
  from ai_suggestions s
  left join lateral (
    select
      true as is_known,
      bool_or(
        e.agent_id is not distinct from $5
        and abs(extract(epoch from e.created_at - $6::timestamptz)) <= $7
        and not exists (
          select from ai_suggestions n
          where n.ticket_id = s.ticket_id and n.project_id = $3 and n.outcome = 'pending' and n.shown_at > e.created_at
        )
      ) as is_retry
    from ai_feedback_events e
    where e.suggestion_id = s.id and e.project_id = $3 and e.source = 'inferred'
      and (e.agent_response = any ($4::text[]) or e.idempotency_key = any (
        select 'sent:' || s.id || ':' || digest from unnest($8::text[]) digest
      ))
    having count(*) > 0
  ) same on true
  where s.ticket_id = uptake_ticket_id($1)
    and ($2::text is null or s.message_id = uptake_message_id($2))
    and s.project_id = $3
    and (s.outcome = 'pending' or same.is_known)
    and s.status <> 'pending'
    and s.error_type is null
    and s.metadata -> 'classification' is null
  order by coalesce(same.is_retry, false) desc, s.created_at desc, s.id desc
  limit 1
`;

/** A caller that got no answer tries again within minutes. */
const RETRY_WINDOW_SECONDS = 600;

export type SentReply = {
  readonly ticketId: string;
  readonly messageId?: string | undefined;
  readonly projectId: string;
  /** As it may be stored. */
  readonly finalTexts: readonly string[];
  /** What their keys end with: where no texts are stored, a retry is known by its key. */
  readonly finalTextDigests: readonly string[];
  readonly agentId?: string | undefined;
  /** The caller has given the act a key of its own. */
  readonly isKeyed: boolean;
  /** When it was sent. */
  readonly at: Date;
};

/** The newest suggestion for a ticket (and message, if given) that is finished and that nobody, or this very reply, has judged. */
export async function findOpenSuggestion(db: Queryable, reply: SentReply): Promise<JudgedSuggestion | undefined> {
  const { ticketId, messageId, projectId, finalTexts, finalTextDigests, agentId, isKeyed, at } = reply;
  const [row] = await db.query<JudgedSuggestion>(sql, [
    ticketId,
    messageId ?? null,
    projectId,
    finalTexts,
    agentId ?? null,
    at,
    isKeyed ? null : RETRY_WINDOW_SECONDS,
    finalTextDigests,
  ]);
  return row;
}
