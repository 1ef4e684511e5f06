import type { Queryable } from "../../store/database.ts";

const sql = `
  insert into ticket_messages (
    id, ticket_id, user_id, content, message_type, confidence_score, metadata, is_ai_generated, position, created_at
  )
  select $1, $2, $3, $4, 'auto_suggestion', $5, $6, true, coalesce(max(position), -1) + 1, $7
  from ticket_messages
  where ticket_id = $2
`;

export type AutomaticReply = {
  readonly id: string;
  readonly ticketId: string;
  readonly userId: string;
  readonly content: string;
  readonly confidence: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
};

/** Adds a reply that no person has seen at the end of its ticket, which the caller holds locked. */
export async function insertAutomaticReply(tx: Queryable, reply: AutomaticReply): Promise<void> {
  const { id, ticketId, userId, content, confidence, metadata, createdAt } = reply;
  await tx.query(sql, [id, ticketId, userId, content, confidence, JSON.stringify(metadata), createdAt]);
}
