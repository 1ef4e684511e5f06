import type { Queryable } from "../../store/database.ts";

const sql = `
  select id from tickets where id = $1 and project_id = $2 for no key update
`;

/** Holds a ticket until the transaction ends, so that its messages are numbered one after the other; false if unknown. */
export async function lockTicket(
  db: Queryable,
  { ticketId, projectId }: { ticketId: string; projectId: string },
): Promise<boolean> {
  return (await db.query(sql, [ticketId, projectId])).length > 0;
}
