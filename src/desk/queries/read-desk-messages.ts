import type { Queryable } from "../../store/database.ts";

const sql = `
  select m.id as "messageId", m.content as text, m.created_at as "createdAt",
    case when m.user_id = t.customer_id then 'customer' when m.message_type = 'auto_suggestion' then 'automatic'
      else 'agent' end as "from",
    coalesce(m.metadata ->> 'authorName', m.user_id) as author
  from ticket_messages m
  join tickets t on t.id = m.ticket_id
  where t.id = $1 and t.project_id = $2
  order by m.position
`;

export type DeskMessage = {
  readonly messageId: string;
  readonly text: string;
  readonly createdAt: Date;
  /** `automatic`: sent by the program, no person has seen it. */
  readonly from: "customer" | "agent" | "automatic";
  readonly author: string;
};

/** A ticket's messages as a person reads them, in order. */
export const readDeskMessages = (
  db: Queryable,
  { ticketId, projectId }: { readonly ticketId: string; readonly projectId: string },
): Promise<readonly DeskMessage[]> => db.query<DeskMessage>(sql, [ticketId, projectId]);
