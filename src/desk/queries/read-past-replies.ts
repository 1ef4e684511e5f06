import type { Queryable } from "../../store/database.ts";

// The question of a reply is what the customer wrote since the reply before it.
const sql = `
  select m.id, m.ticket_id as "ticketId", t.created_at as "ticketCreatedAt", m.content as reply,
    coalesce(asked.question, '') as question, m.created_at::text as cursor
  from ticket_messages m
  join tickets t on t.id = m.ticket_id
  cross join lateral (
    select string_agg(c.content, e'\\n\\n' order by c.position) as question
    from ticket_messages c
    where c.ticket_id = m.ticket_id and c.user_id = t.customer_id and c.position < m.position
      and c.position > coalesce((
        select max(p.position)
        from ticket_messages p
        where p.ticket_id = m.ticket_id and p.user_id <> t.customer_id and p.position < m.position
      ), -1)
  ) asked
  where t.project_id = $1 and m.user_id <> t.customer_id and m.message_type = 'user_message'
    and btrim(m.content) <> ''
    and (m.created_at, m.id) > ($2::timestamptz - make_interval(secs => $5), $3::uuid)
  order by m.created_at, m.id
  limit $4
`;

export type PastReplyRow = {
  readonly id: string;
  readonly ticketId: string;
  readonly ticketCreatedAt: Date;
  readonly reply: string;
  readonly question: string;
  /** The reply's time, exact to the microsecond, which a Date is not. */
  readonly cursor: string;
};

export type ReplyCursor = { readonly createdAt: string; readonly id: string };
export const FIRST_REPLY: ReplyCursor = { createdAt: "-infinity", id: "00000000-0000-0000-0000-000000000000" };

/** Agents' replies after the cursor, or from so many seconds before it, oldest first. */
export const readPastReplies = (
  db: Queryable,
  where: { projectId: string; after: ReplyCursor; overlapSeconds: number; limit: number },
): Promise<readonly PastReplyRow[]> =>
  db.query<PastReplyRow>(sql, [
    where.projectId,
    where.after.createdAt,
    where.after.id,
    where.limit,
    where.overlapSeconds,
  ]);
