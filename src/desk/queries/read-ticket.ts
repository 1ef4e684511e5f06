import type { Queryable } from "../../store/database.ts";

const sql = `
  select title, description, status from tickets where id = $1 and project_id = $2
`;

export type TicketFacts = { readonly title: string; readonly description: string | null; readonly status: string };

/** A ticket itself, without its messages. */
export async function selectTicket(
  db: Queryable,
  { ticketId, projectId }: { ticketId: string; projectId: string },
): Promise<TicketFacts | undefined> {
  const [row] = await db.query<TicketFacts>(sql, [ticketId, projectId]);
  return row;
}
