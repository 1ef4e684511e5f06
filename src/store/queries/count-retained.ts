import type { Queryable } from "../database.ts";
import type { Span } from "./retain.ts";

/** What retention would take of a time, and what it would leave because a message of it waits. */
export type RetainedCounts = { readonly free: number; readonly waiting: number };

const counts = `count(*) filter (where not w.waits) as free, count(*) filter (where w.waits) as waiting`;

const SQL = {
  content: `
    select ${counts} from ai_suggestions s cross join lateral uptake_is_waiting(s.id) w (waits)
    where s.created_at >= $1 and s.created_at < $2 and s.emptied_at is null and s.status <> 'pending'
  `,
  feedback: `
    select ${counts}
    from ai_feedback_events e
    cross join lateral (
      select exists (
        select from langfuse_outbox o where o.kind = 'feedback' and o.ref = e.id and o.dead_at is null
      ) as waits
    ) w
    where e.created_at >= $1 and e.created_at < $2
      and (e.agent_response is not null or e.comment is not null or e.metadata <> '{}')
  `,
  traces: `
    select ${counts}
    from ai_suggestions s
    join ai_traces t on t.trace_id = coalesce(s.trace_id, replace(s.id::text, '-', ''))
    cross join lateral uptake_is_waiting(s.id) w (waits)
    where s.created_at >= $1 and s.created_at < $2 and s.status <> 'pending'
  `,
  rows: `
    select ${counts} from ai_suggestions s cross join lateral uptake_is_waiting(s.id) w (waits)
    where s.created_at >= $1 and s.created_at < $2 and s.status <> 'pending'
  `,
} as const;

export type Counted = keyof typeof SQL;

export async function countRetained(db: Queryable, what: Counted, { from, to }: Span): Promise<RetainedCounts> {
  const [row] = await db.query<RetainedCounts>(SQL[what], [from.toISOString(), to.toISOString()]);
  return row ?? { free: 0, waiting: 0 };
}

const oldest = `
  select least((select min(created_at) from ai_suggestions), (select min(created_at) from ai_feedback_events)) as at
`;

/** When the first row was made; null where there is none. */
export async function readOldest(db: Queryable): Promise<Date | null> {
  const [row] = await db.query<{ at: Date | null }>(oldest);
  return row?.at ?? null;
}
