import type { Queryable } from "../database.ts";

export type ErasedTraces = {
  /** Messages of the erasure that a worker has in hand. */
  readonly inHandCount: number;
  /** Traces of which Langfuse may have something. */
  readonly traceIds: readonly string[];
  readonly askedAt: Date | null;
  /** Whether the database is erased; until then there may be more traces. */
  readonly isDatabaseErased: boolean;
  /** When something of it last went to Langfuse. */
  readonly lastSentAt: Date | null;
};

// What a worker had in hand when it was erased has come to its end by now, or comes back into the outbox once its lease is over.
// Nothing of what is only fenced: ledger and outbox are where the erasing learns what Langfuse may have.
const withdraw = `
  select uptake_withdraw(array(
    select suggestion_id from erased_suggestions where erasure_id = $1 and erased_at is not null
  )) as count
`;

// A worker may have left it out between the two statements.
const forget = `
  delete from langfuse_left_out
  where suggestion_id in (
    select suggestion_id from erased_suggestions where erasure_id = $1 and erased_at is not null
  )
`;

const read = `
  select
    (select count(*) from langfuse_outbox o
     where o.locked_until > now() and (
       o.kind = 'trace' and o.ref in (select suggestion_id from erased_suggestions where erasure_id = $1)
       or o.kind = 'feedback' and o.ref in (
         select f.id from ai_feedback_events f join erased_suggestions x on x.suggestion_id = f.suggestion_id
         where x.erasure_id = $1
       )
     )) as "inHandCount",
    array(select trace_id from erased_suggestions where erasure_id = $1 and in_langfuse order by trace_id) as "traceIds",
    e.langfuse_asked_at as "askedAt",
    coalesce(e.places #>> '{database,state}' = 'done', false) as "isDatabaseErased",
    e.last_sent_at as "lastSentAt"
  from erasures e
  where e.id = $1
`;

/** Takes back what is in the outbox again, and reads what is still to be done in Langfuse. */
export async function readErasedTraces(db: Queryable, erasureId: string): Promise<ErasedTraces> {
  await db.query(withdraw, [erasureId]);
  const [row] = await db.query<ErasedTraces>(read, [erasureId]);
  await db.query(forget, [erasureId]);
  return row ?? { inHandCount: 0, traceIds: [], askedAt: null, isDatabaseErased: false, lastSentAt: null };
}

/** Langfuse was asked to delete them. */
export async function noteAsked(db: Queryable, erasureId: string, at: Date): Promise<void> {
  await db.query("update erasures set langfuse_asked_at = $2 where id = $1", [erasureId, at.toISOString()]);
}

/** Something of it may have been sent just now. */
export async function noteSent(db: Queryable, erasureId: string, at: Date): Promise<void> {
  await db.query("update erasures set last_sent_at = greatest(last_sent_at, $2::timestamptz) where id = $1", [
    erasureId,
    at.toISOString(),
  ]);
}

/** Langfuse shows nothing of them any more. */
export async function noteGone(db: Queryable, traceIds: readonly string[]): Promise<void> {
  await db.query("update erased_suggestions set in_langfuse = false where trace_id = any ($1)", [traceIds]);
}
