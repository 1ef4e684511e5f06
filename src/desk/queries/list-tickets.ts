import type { Outcome } from "../../domain/outcome.ts";
import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../../store/database.ts";
import type { NewestClassification } from "./read-newest-classification.ts";

// A ticket without messages is one whose description waits. Either order has an index of its own and walks it from where the
// page before ended, so that what a page costs does not grow with the desk; a search walks on until the page is full.
const sql = `
  with page as (
    (
      select t.*, coalesce(t.waiting_since, t.created_at) as sorted_at
      from tickets t
      where $2 = 'waiting' and t.project_id = $1 and t.is_answer_due and t.status in ('new', 'open')
        and ($4::bigint is null or (coalesce(t.waiting_since, t.created_at), t.id)
          > (timestamptz 'epoch' + $4::bigint * interval '1 microsecond', $5::uuid))
        and ($3::text is null or t.title ilike $3 or t.ticket_number::text ilike $3 or t.customer_id ilike $3 or exists (
          select from ticket_messages m
          where m.ticket_id = t.id and (m.content ilike $3 or m.metadata ->> 'authorName' ilike $3)
        ))
      order by coalesce(t.waiting_since, t.created_at), t.id
      limit $6
    )
    union all
    (
      select t.*, coalesce(t.last_message_at, t.created_at) as sorted_at
      from tickets t
      where $2 <> 'waiting' and t.project_id = $1 and ($2 <> 'answered' or not t.is_answer_due)
        and ($7::uuid is null or t.id = $7)
        and ($4::bigint is null
          or coalesce(t.last_message_at, t.created_at) <= timestamptz 'epoch' + $4::bigint * interval '1 microsecond')
        and ($4::bigint is null or t.id > $5::uuid
          or coalesce(t.last_message_at, t.created_at) < timestamptz 'epoch' + $4::bigint * interval '1 microsecond')
        and ($3::text is null or t.title ilike $3 or t.ticket_number::text ilike $3 or t.customer_id ilike $3 or exists (
          select from ticket_messages m
          where m.ticket_id = t.id and (m.content ilike $3 or m.metadata ->> 'authorName' ilike $3)
        ))
      order by coalesce(t.last_message_at, t.created_at) desc, t.id
      limit $6
    )
  )
  select p.id as "ticketId", p.ticket_number as number, p.title, p.description, p.status, p.priority,
    p.created_at as "createdAt", left(last.content, 160) as "lastText", last.created_at as "lastAt",
    case when last.user_id is null then null when last.user_id = p.customer_id then 'customer'
      when last.message_type = 'auto_suggestion' then 'automatic' else 'agent' end as "lastFrom",
    named.name as "customerName",
    case when p.is_answer_due and p.status in ('new', 'open') then coalesce(p.waiting_since, p.created_at) end as "waitingSince",
    s.suggestion, c.classification,
    (extract(epoch from p.sorted_at) * 1000000)::bigint as "sortedAtMicros"
  from page p
  left join lateral (
    select m.content, m.user_id, m.message_type, m.created_at
    from ticket_messages m
    where m.ticket_id = p.id
    order by m.position desc
    limit 1
  ) last on true
  left join lateral (
    select m.metadata ->> 'authorName' as name
    from ticket_messages m
    where m.ticket_id = p.id and m.user_id = p.customer_id and m.metadata ->> 'authorName' is not null
    order by m.position desc
    limit 1
  ) named on true
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
  order by case when $2 = 'waiting' then p.sorted_at end, p.sorted_at desc, p.id
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
  /** Since when the customer waits where the queue is of those who do, else when the last message was written, as exactly as Postgres has it. */
  readonly sortedAtMicros: number;
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
    after?.at ?? null,
    after?.id ?? null,
    limit,
    ticketId ?? null,
  ]);
}
