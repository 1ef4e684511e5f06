import type { Queryable } from "../../store/database.ts";

const sql = `
  select content, confidence_score as confidence from ticket_messages where id = $1
`;

export type SentReply = { readonly content: string; readonly confidence: number | null };

/** A reply that was sent automatically, by its message's id. */
export async function readSentReply(db: Queryable, messageId: string): Promise<SentReply | undefined> {
  const [row] = await db.query<SentReply>(sql, [messageId]);
  return row;
}
