import type { Queryable } from "../../store/database.ts";

const sql = `
  select t.id as "ticketId", last.id as "messageId"
  from tickets t
  cross join lateral (
    select m.id, m.user_id
    from ticket_messages m
    where m.ticket_id = t.id
    order by m.position desc
    limit 1
  ) last
  where t.project_id = $1 and t.status in ('new', 'open') and last.user_id = t.customer_id
  order by t.created_at, t.id
  limit $2
`;

export type WaitingMessage = { readonly ticketId: string; readonly messageId: string };

/** The customers' messages that wait for an answer: the last ones of open tickets, oldest ticket first. */
export const readWaitingMessages = (
  db: Queryable,
  { projectId, limit }: { projectId: string; limit: number },
): Promise<readonly WaitingMessage[]> => db.query<WaitingMessage>(sql, [projectId, limit]);
