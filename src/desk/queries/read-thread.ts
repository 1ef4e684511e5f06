import type { Queryable } from "../../store/database.ts";

const sql = `
  select t.title, t.created_at as "ticketCreatedAt", m.id as "messageId", m.content, m.metadata,
    m.user_id = t.customer_id as "fromCustomer"
  from tickets t
  left join ticket_messages m on m.ticket_id = t.id
    and ($2::uuid is null or m.position <= (select l.position from ticket_messages l where l.id = $2 and l.ticket_id = t.id))
  where t.id = $1 and t.project_id = $3
  order by m.position
`;

/** A message of a thread; where the ticket is there but the message is not, one row of nulls. */
export type ThreadRow = {
  readonly title: string;
  readonly ticketCreatedAt: Date;
  readonly messageId: string | null;
  readonly content: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly fromCustomer: boolean | null;
};

/**
 * A ticket's messages up to and including one of them, or all, in order; what was sent automatically is one of them, since
 * the customer has read it. No row at all for an unknown ticket.
 */
export function selectThread(
  db: Queryable,
  at: { ticketId: string; messageId: string | null; projectId: string },
): Promise<readonly ThreadRow[]> {
  return db.query<ThreadRow>(sql, [at.ticketId, at.messageId, at.projectId]);
}
