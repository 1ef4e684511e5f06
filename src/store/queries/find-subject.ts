import type { ErasureSubject } from "../../domain/erasure.ts";
import type { Queryable } from "../database.ts";

/** Everything in the database that an erasure is about. */
export type SubjectRows = {
  /** Ids of the tickets as text; those of a customer are looked up in `tickets`, whosever table that is. */
  readonly ticketIds: readonly string[];
  readonly suggestions: readonly { readonly id: string; readonly traceId: string }[];
  readonly eventIds: readonly string[];
};

const hasCustomers = `
  select exists (
    select from pg_attribute where attrelid = to_regclass('public.tickets') and attname = 'customer_id' and not attisdropped
  ) as there
`;

// A table of ours and one of a host's alike.
const ticketsOf = `select id::text from tickets where customer_id::text = $1`;

// Read whole for a customer and for a ticket's late feedback; an erasure is rare. What one that is under way has fenced belongs
// to it for good: an emptied suggestion says no more whose its feedback is.
const rows = `
  with fenced as (
    select x.suggestion_id from erased_suggestions x join erasures e on e.id = x.erasure_id
    where e.subject_sha256 = uptake_subject_sha256($1, $5, $6) and e.state = 'pending'
  ),
  of_suggestions as (
    select s.id, coalesce(s.trace_id, replace(s.id::text, '-', '')) as trace_id
    from ai_suggestions s
    where s.project_id = $1
      and (s.ticket_id::text = any ($2) or s.id::text = $3
        or s.system_user_id::text = $4 or s.metadata ->> 'customer_id' = $4 or s.metadata ->> 'customerId' = $4)
  ),
  of_events as (
    select e.id, e.suggestion_id
    from ai_feedback_events e
    where e.project_id = $1
      and (e.ticket_id::text = any ($2) or e.suggestion_id::text = $3
        or e.suggestion_id in (select id from of_suggestions union select suggestion_id from fenced))
  )
  select
    (select coalesce(json_agg(json_build_object('id', id, 'traceId', trace_id) order by id), '[]') from (
      select id, trace_id from of_suggestions
      union
      select e.suggestion_id, replace(e.suggestion_id::text, '-', '') from of_events e
      where not exists (select from ai_suggestions s where s.id = e.suggestion_id)
      union
      select x.suggestion_id, x.trace_id from erased_suggestions x where x.suggestion_id::text = $3
    ) known) as suggestions,
    (select coalesce(json_agg(id order by id), '[]') from of_events) as "eventIds"
`;

/** Finds what belongs to the subject. */
export async function findSubject(
  db: Queryable,
  projectId: string,
  { kind, id }: ErasureSubject,
): Promise<SubjectRows> {
  const ticketIds = kind === "ticket" ? [id] : kind === "customer" ? await ticketsOfCustomer(db, id) : [];
  const values = [projectId, ticketIds, kind === "suggestion" ? id : null, kind === "customer" ? id : null, kind, id];
  const [found] = await db.query<Omit<SubjectRows, "ticketIds">>(rows, values);
  return { ticketIds, suggestions: found?.suggestions ?? [], eventIds: found?.eventIds ?? [] };
}

async function ticketsOfCustomer(db: Queryable, customerId: string): Promise<readonly string[]> {
  const [customers] = await db.query<{ there: boolean }>(hasCustomers);
  if (customers?.there !== true) return [];
  return (await db.query<{ id: string }>(ticketsOf, [customerId])).map(({ id }) => id);
}
