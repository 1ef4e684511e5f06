import type { Outcome } from "../../domain/outcome.ts";
import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../../store/database.ts";
import type { NewestClassification } from "./read-newest-classification.ts";

// A ticket without messages is one whose description waits. What a list is ordered by is one number, negative where the
// newest come first, so that one comparison finds the next page of either order.
const sql = `
  with queued as (
    select t.*, last.content, last.user_id, last.message_type, last.created_at as last_at,
      t.status in ('new', 'open') and coalesce(last.user_id = t.customer_id, true) as is_waiting,
      $4::bigint * (extract(epoch from coalesce(last.created_at, t.created_at)) * 1000000)::bigint as sort_key
    from tickets t
    left join lateral (
      select m.content, m.user_id, m.message_type, m.created_at
      from ticket_messages m
      where m.ticket_id = t.id
      order by m.position desc
      limit 1
    ) last on true
    where t.project_id = $1 and ($8::uuid is null or t.id = $8)
  ), page as (
    select *
    from queued q
    where case $2
        when 'waiting' then q.is_waiting
        when 'answered' then q.user_id <> q.customer_id
        else true
      end
      and ($3::text is null or q.title ilike $3 or q.ticket_number::text ilike $3 or q.customer_id ilike $3 or exists (
        select from ticket_messages m
        where m.ticket_id = q.id and (m.content ilike $3 or m.metadata ->> 'authorName' ilike $3)
      ))
      and ($5::bigint is null or (q.sort_key, q.id) > ($5, $6::uuid))
    order by q.sort_key, q.id
    limit $7
  )
  select p.id as "ticketId", p.ticket_number as number, p.title, p.description, p.status, p.priority,
    p.created_at as "createdAt", left(p.content, 160) as "lastText", p.last_at as "lastAt",
    case when p.user_id is null then null when p.user_id = p.customer_id then 'customer'
      when p.message_type = 'auto_suggestion' then 'automatic' else 'agent' end as "lastFrom",
    named.name as "customerName",
    case when p.is_waiting then coalesce(unanswered.since, p.created_at) end as "waitingSince",
    s.suggestion, c.classification, p.sort_key as "sortKey"
  from page p
  left join lateral (
    select m.metadata ->> 'authorName' as name
    from ticket_messages m
    where m.ticket_id = p.id and m.user_id = p.customer_id and m.metadata ->> 'authorName' is not null
    order by m.position desc
    limit 1
  ) named on true
  left join lateral (
    select min(m.created_at) as since
    from ticket_messages m
    where m.ticket_id = p.id and m.position > coalesce(
      (select max(a.position) from ticket_messages a where a.ticket_id = p.id and a.user_id <> p.customer_id), -1)
  ) unanswered on true
  left join lateral (
    select jsonb_build_object(
      'suggestionId', n.id, 'status', n.status, 'outcome', n.outcome, 'confidence', n.confidence_score
    ) as suggestion
    from ai_suggestions n
    where n.ticket_id = uptake_ticket_id(p.id::text) and n.project_id = $1
      and n.function_name is distinct from 'classify-ticket'
    order by n.created_at desc, n.id desc
    limit 1
  ) s on true
  left join lateral (
    select jsonb_build_object(
      'suggestionId', n.id, 'suggested', n.metadata -> 'classification', 'outcome', n.outcome,
      'confidence', n.confidence_score, 'chosen', said.chosen, 'finalText', said.final_text
    ) as classification
    from ai_suggestions n
    left join lateral (
      select e.metadata -> 'chosen' as chosen, e.agent_response as final_text
      from ai_feedback_events e
      where e.suggestion_id = n.id and e.project_id = $1 and e.source = 'explicit'
      order by e.created_at desc, e.id desc
      limit 1
    ) said on true
    where n.ticket_id = uptake_ticket_id(p.id::text) and n.project_id = $1 and n.function_name = 'classify-ticket'
      and n.status = 'completed'
    order by n.created_at desc, n.id desc
    limit 1
  ) c on true
  order by p.sort_key, p.id
`;

export type Queue = "waiting" | "answered" | "all";

export type ListedTicket = {
  readonly ticketId: string;
  readonly number: number;
  readonly title: string;
  readonly description: string | null;
  readonly status: "new" | "open" | "pending" | "resolved" | "closed";
  readonly priority: "low" | "medium" | "high";
  readonly createdAt: Date;
  /** The beginning of the last message; the three are null where there is none. */
  readonly lastText: string | null;
  readonly lastAt: Date | null;
  readonly lastFrom: "customer" | "agent" | "automatic" | null;
  readonly customerName: string | null;
  /** Since when the customer has had no answer; null where nobody waits. */
  readonly waitingSince: Date | null;
  readonly suggestion: {
    readonly suggestionId: string;
    readonly status: SuggestionStatus;
    readonly outcome: Outcome;
    readonly confidence: number | null;
  } | null;
  readonly classification: NewestClassification | null;
  readonly sortKey: number;
};

export type TicketFilter = {
  readonly projectId: string;
  readonly queue: Queue;
  /** What title, number, customer or a message holds. */
  readonly search?: string | undefined;
  readonly after?: { readonly at: number; readonly id: string } | undefined;
  readonly limit: number;
  /** This one only. */
  readonly ticketId?: string | undefined;
};

/** The project's tickets of a queue: who waits longest first where they wait, else the newest message first. */
export function listTickets(db: Queryable, filter: TicketFilter): Promise<readonly ListedTicket[]> {
  const { projectId, queue, search, after, limit, ticketId } = filter;
  return db.query<ListedTicket>(sql, [
    projectId,
    queue,
    search === undefined ? null : `%${search.replaceAll(/[\\%_]/gu, String.raw`\$&`)}%`,
    queue === "waiting" ? 1 : -1,
    after?.at ?? null,
    after?.id ?? null,
    limit,
    ticketId ?? null,
  ]);
}
