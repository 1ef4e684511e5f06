import type { Queryable } from "../../store/database.ts";

const sql = `
  select t.status in ('new', 'open') as "isOpen",
    exists (select from ticket_messages m where m.ticket_id = t.id and m.user_id <> t.customer_id) as "isAnswered"
  from tickets t
  where t.id = $1
`;

export type ReplyState = { readonly isOpen: boolean; readonly isAnswered: boolean };

/** Whether a ticket still waits for its first reply; the caller holds it locked. */
export async function readReplyState(tx: Queryable, ticketId: string): Promise<ReplyState> {
  const [row] = await tx.query<ReplyState>(sql, [ticketId]);
  return row ?? { isOpen: false, isAnswered: false };
}
