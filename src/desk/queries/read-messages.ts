import type { Queryable } from "../../store/database.ts";

const sql = `
  select id, user_id as "userId", content, position, created_at as "createdAt"
  from ticket_messages
  where ticket_id = $1
  order by position
`;

export type StoredMessage = {
  readonly id: string;
  readonly userId: string;
  readonly content: string;
  readonly position: number;
  readonly createdAt: Date;
};

/** All messages of a ticket, in order. */
export const readMessages = (db: Queryable, ticketId: string): Promise<readonly StoredMessage[]> =>
  db.query<StoredMessage>(sql, [ticketId]);
