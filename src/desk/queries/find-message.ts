import type { Queryable } from "../../store/database.ts";

const sql = `
  select ticket_id as "ticketId", user_id as "userId", content as text from ticket_messages where id = $1
`;

export type FoundMessage = { readonly ticketId: string; readonly userId: string; readonly text: string };

/** The message with this id, whosever it is. */
export async function findMessage(db: Queryable, messageId: string): Promise<FoundMessage | undefined> {
  const [row] = await db.query<FoundMessage>(sql, [messageId]);
  return row;
}
