import type { Queryable } from "../database.ts";

/** Columns whose type is the host's in a database that was adopted, by our names for them. */
export type IdColumn = "ticketId" | "messageId" | "systemUserId" | "agentId";

/** Types by the names of `format_type`, such as `uuid`. */
export type IdTypes = Readonly<Record<IdColumn, string>>;

const sql = `
  select
    (select format_type(atttypid, null) from pg_attribute
      where attrelid = 'ai_suggestions'::regclass and attname = 'ticket_id') as "ticketId",
    (select format_type(atttypid, null) from pg_attribute
      where attrelid = 'ai_suggestions'::regclass and attname = 'message_id') as "messageId",
    (select format_type(atttypid, null) from pg_attribute
      where attrelid = 'ai_suggestions'::regclass and attname = 'system_user_id') as "systemUserId",
    (select format_type(atttypid, null) from pg_attribute
      where attrelid = 'ai_feedback_events'::regclass and attname = 'agent_id') as "agentId"
`;

export async function readIdTypes(db: Queryable): Promise<IdTypes> {
  const [types] = await db.query<IdTypes>(sql);
  return types ?? { ticketId: "text", messageId: "text", systemUserId: "text", agentId: "text" };
}
