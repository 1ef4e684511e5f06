import type { Queryable } from "../database.ts";

// Those of the sample desk only; an adopted application's are its own.
const sql = `
  with messages as (
    delete from ticket_messages where ticket_id::text = any ($2) or user_id = $3 returning ticket_id
  ),
  gone as (
    delete from tickets t where t.id::text = any ($2) and t.project_id = $1 returning t.id
  )
  select (select count(*) from gone) as "ticketCount", (select count(*) from messages) as "ticketMessageCount"
`;

const count = `
  select (select count(*) from tickets t where t.id::text = any ($2) and t.project_id = $1) as "ticketCount",
    (select count(*) from ticket_messages where ticket_id::text = any ($2) or user_id = $3) as "ticketMessageCount"
`;

const ours = `select to_regclass('public.uptake_adoption') is null as ours`;

export type TicketCounts = { readonly ticketCount: number; readonly ticketMessageCount: number };

/** Whether the tables of tickets are Uptake's own desk. */
export async function ownsTickets(db: Queryable): Promise<boolean> {
  const [row] = await db.query<{ ours: boolean }>(ours);
  return row?.ours === true;
}

/** Deletes tickets of our own desk with their messages, and what the customer wrote elsewhere; `dryRun` only counts. */
export async function eraseTickets(
  db: Queryable,
  {
    projectId,
    ticketIds,
    customerId,
    dryRun,
  }: {
    readonly projectId: string;
    readonly ticketIds: readonly string[];
    readonly customerId: string | null;
    readonly dryRun: boolean;
  },
): Promise<TicketCounts> {
  const values = [projectId, ticketIds, customerId];
  const [row] = await db.query<TicketCounts>(dryRun ? count : sql, values);
  return row ?? { ticketCount: 0, ticketMessageCount: 0 };
}
