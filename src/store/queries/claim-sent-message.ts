import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../database.ts";

/** A message that a person sent while a suggestion was open, and that suggestion, both as they are now. */
export type SentMessage = {
  /** Of the note that was claimed. */
  readonly noteId: number;
  readonly messageId: string;
  readonly content: string;
  readonly agentId: string | null;
  readonly sentAt: Date;
  readonly suggestionId: string;
  readonly projectId: string;
  readonly functionName: string | null;
  readonly status: SuggestionStatus;
  readonly suggestedResponse: string;
};

// One at a time, and without waiting for anybody: a transaction that holds one suggestion and waits for another could meet
// the host's own, and Postgres would end one of the two. One that expired meanwhile was open when the message was sent.
const sql = `
  with due as materialized (
    select q.id, q.message_id, m.content, m.user_id, m.created_at, s.id as suggestion_id, s.project_id, s.status,
      s.function_name, s.suggested_response
    from uptake_sent_messages q
    join ticket_messages m on m.id = q.message_id
    join ai_suggestions s on s.id = q.suggestion_id
    where q.id > $1
      and q.queued_at <= now() - make_interval(secs => $2)
      and s.outcome in ('pending', 'expired')
    order by q.id
    limit 1
    for update of q skip locked
    for no key update of s skip locked
  ), gone as (
    delete from uptake_sent_messages q using due where q.id = due.id
  )
  select id as "noteId", message_id as "messageId", content, user_id::text as "agentId", created_at as "sentAt",
    suggestion_id as "suggestionId", project_id as "projectId", function_name as "functionName", status, suggested_response as "suggestedResponse"
  from due
`;

/** Takes the next note after `afterId` out of the queue; undefined where none is left that nobody else holds. */
export async function claimSentMessage(
  tx: Queryable,
  { afterId, waitMs }: { readonly afterId: number; readonly waitMs: number },
): Promise<SentMessage | undefined> {
  const [row] = await tx.query<SentMessage>(sql, [afterId, waitMs / 1000]);
  return row;
}
