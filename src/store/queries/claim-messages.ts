import type { Queryable } from "../database.ts";

export type MessageKind = "trace" | "feedback";

/** One outbox message that this claim holds. */
export type ClaimedMessage = {
  readonly id: number;
  readonly kind: MessageKind;
  /** The suggestion's id for a trace, the event's id for feedback. */
  readonly ref: string;
  /** This one included. */
  readonly attempts: number;
  /** Whoever held it before may have delivered it: read back before sending. */
  readonly wasUnsure: boolean;
};

// `skip locked` lets any number of workers claim at once without waiting for each other. A message stays unsure from
// here until an answer is settled; the flag as it was before is what the claim has to know, hence the read of `due`.
// The array says what the join says already, but makes the planner take the rows by their ids: for the join alone it
// reads an outbox of some thousand messages as a whole.
const sql = `
  with due as (
    select id, unsure
    from langfuse_outbox
    where dead_at is null
      and available_at <= now()
      and (locked_until is null or locked_until <= now())
    order by available_at, id
    limit $1
    for update skip locked
  )
  update langfuse_outbox o
  set locked_until = now() + $2::double precision * interval '1 millisecond',
    locked_by = $3,
    attempts = o.attempts + 1,
    unsure = true
  from due
  where o.id = due.id and o.id = any (array(select id from due))
  returning o.id, o.kind, o.ref, o.attempts, due.unsure as "wasUnsure"
`;

/** Claims up to `limit` due messages of both kinds for `leaseMs` under a token that no other claim has. */
export async function claimMessages(
  db: Queryable,
  claim: { readonly limit: number; readonly leaseMs: number; readonly token: string },
): Promise<readonly ClaimedMessage[]> {
  return db.query<ClaimedMessage>(sql, [claim.limit, claim.leaseMs, claim.token]);
}
