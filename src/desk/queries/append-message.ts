import type { Queryable } from "../../store/database.ts";

const sql = `
  insert into ticket_messages (id, ticket_id, user_id, content, position, created_at)
  select $1, $2, $3, $4, coalesce(max(position), -1) + 1, $5
  from ticket_messages
  where ticket_id = $2
  on conflict (id) do nothing
`;

export type NewMessage = {
  readonly id: string;
  readonly ticketId: string;
  readonly userId: string;
  readonly content: string;
  readonly createdAt: Date;
};

/** Adds a message at the end of its ticket, which the caller holds locked; the same id again changes nothing. */
export async function appendMessage(db: Queryable, message: NewMessage): Promise<void> {
  await db.query(sql, [message.id, message.ticketId, message.userId, message.content, message.createdAt]);
}
