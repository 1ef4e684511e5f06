import type { Queryable } from "../database.ts";
import type { MessageKind } from "./claim-messages.ts";

/** What waits in the database, for monitoring. */
export type Backlog = {
  readonly kind: MessageKind;
  /** Messages of the kind still to be delivered, those in work included, those that are held not. */
  readonly waiting: number;
  /** Age of the oldest of them; null when none waits. */
  readonly oldestWaitingSeconds: number | null;
  /** Held by sampling: feedback may still come, or the day's budget is spent. */
  readonly held: number;
  readonly dead: number;
  /** Of both kinds together: deltas that no roller has added up. */
  readonly waitingDeltas: number;
  /** Of neither kind: erasures that are not done everywhere, and for how long the oldest has not been; null where none is. */
  readonly pendingErasures: number;
  readonly oldestErasureSeconds: number | null;
};

const sql = `
  select
    kinds.kind,
    count(*) filter (where o.id is not null and o.dead_at is null and (o.held_until is null or o.held_until <= now())) as waiting,
    extract(epoch from now() - min(coalesce(o.held_until, o.created_at))
      filter (where o.dead_at is null and (o.held_until is null or o.held_until <= now())))::double precision
      as "oldestWaitingSeconds",
    count(*) filter (where o.dead_at is null and o.held_until > now()) as held,
    count(o.dead_at) as dead,
    (select count(*) from rollup_deltas) as "waitingDeltas",
    (select count(*) from erasures where state = 'pending') as "pendingErasures",
    (select extract(epoch from now() - min(requested_at))::double precision from erasures where state = 'pending')
      as "oldestErasureSeconds"
  from (values ('trace'), ('feedback')) as kinds (kind)
  left join langfuse_outbox o on o.kind = kinds.kind
  group by kinds.kind
`;

/** One line for each kind of message. */
export async function readBacklog(db: Queryable): Promise<readonly Backlog[]> {
  return db.query<Backlog>(sql);
}
