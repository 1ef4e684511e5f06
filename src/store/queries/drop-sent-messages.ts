import type { Queryable } from "../database.ts";

/** Why a message is not compared: deleted, nothing was open when it was sent, or somebody has judged that meanwhile. */
export type DropReason = "gone" | "no_suggestion" | "judged";

const sql = `
  with settled as materialized (
    select q.id,
      case when m.id is null then 'gone' when s.id is null then 'no_suggestion' else 'judged' end as reason
    from uptake_sent_messages q
    left join ticket_messages m on m.id = q.message_id
    left join ai_suggestions s on s.id = q.suggestion_id
    where q.queued_at <= now() - make_interval(secs => $1)
      and (m.id is null or s.id is null or s.outcome not in ('pending', 'expired'))
    order by q.id
    limit $2
    for update of q skip locked
  ), gone as (
    delete from uptake_sent_messages q using settled where q.id = settled.id
  )
  select reason, count(*) as count from settled group by reason
`;

/** Takes up to `limit` notes that need no comparing out of the queue; resolves to how many for each reason. */
export async function dropSentMessages(
  db: Queryable,
  { waitMs, limit }: { readonly waitMs: number; readonly limit: number },
): Promise<readonly { readonly reason: DropReason; readonly count: number }[]> {
  return db.query<{ reason: DropReason; count: number }>(sql, [waitMs / 1000, limit]);
}

/** Takes one note out of the queue, whatever becomes of its message. */
export async function dropSentMessage(db: Queryable, noteId: number): Promise<void> {
  await db.query("delete from uptake_sent_messages where id = $1", [noteId]);
}
