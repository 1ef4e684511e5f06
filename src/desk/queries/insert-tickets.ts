import type { Queryable } from "../../store/database.ts";

// Tickets and their messages in one statement: either all of a ticket is there or nothing. Messages of a ticket that
// was there before are left alone.
const sql = `
  with given as (
    select *
    from jsonb_to_recordset($1::jsonb) as t (
      id uuid, number integer, title text, status text, priority text, "customerId" text, "createdAt" timestamptz,
      messages jsonb
    )
  ), inserted as (
    insert into tickets (id, ticket_number, title, status, priority, customer_id, project_id, created_at, updated_at)
    overriding system value
    select g.id, coalesce(g.number, nextval(pg_get_serial_sequence('tickets', 'ticket_number'))), g.title, g.status,
      g.priority, g."customerId", $2, g."createdAt", g."createdAt"
    from given g
    on conflict (id) do nothing
    returning id
  ), messages as (
    insert into ticket_messages (id, ticket_id, user_id, content, metadata, position, created_at)
    select m.id, g.id, m."userId", m.content, m.metadata, m.position, m."createdAt"
    from given g
    join inserted using (id)
    cross join lateral jsonb_to_recordset(g.messages) as m (
      id uuid, "userId" text, content text, metadata jsonb, position integer, "createdAt" timestamptz
    )
  )
  select id from inserted
`;

export type MessageRow = {
  readonly id: string;
  readonly userId: string;
  readonly content: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly position: number;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
};

export type TicketRow = {
  readonly id: string;
  /** The next free one where null. */
  readonly number: number | null;
  readonly title: string;
  readonly status: "new" | "open" | "pending" | "resolved" | "closed";
  readonly priority: "low" | "medium" | "high";
  readonly customerId: string;
  readonly createdAt: string;
  readonly messages: readonly MessageRow[];
};

/** Writes tickets that are not there yet, with their messages; resolves to the ids of those that are new. */
export async function insertTickets(
  db: Queryable,
  { tickets, projectId }: { tickets: readonly TicketRow[]; projectId: string },
): Promise<readonly string[]> {
  const rows = await db.query<{ id: string }>(sql, [JSON.stringify(tickets), projectId]);
  return rows.map((row) => row.id);
}
