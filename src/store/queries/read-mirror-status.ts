import type { Queryable } from "../database.ts";

/** How the mirror stands, for people and for monitoring. */
export type MirrorStatus = {
  /** Messages still to be delivered, those in work included. */
  readonly waiting: number;
  /** Age of the oldest of them; null when none waits. */
  readonly oldestWaitingSeconds: number | null;
  /** Messages that Langfuse refused for good. */
  readonly dead: number;
  readonly deliveredTraces: number;
  readonly deliveredFeedback: number;
  readonly deliveredScores: number;
  /** The `human-feedback` observations; those of traces are not counted. */
  readonly deliveredFeedbackObservations: number;
};

// A line of feedback in the ledger names its scores, which are UUIDs, and last its observation, which is 16 hex digits.
// Counted without taking the lists apart: the ledger only grows.
const sql = `
  select outbox.*, ledger."deliveredTraces", ledger."deliveredFeedback",
    ledger.ids - ledger."deliveredFeedbackObservations" as "deliveredScores", ledger."deliveredFeedbackObservations"
  from (
    select
      count(*) filter (where dead_at is null) as waiting,
      extract(epoch from now() - min(created_at) filter (where dead_at is null))::double precision as "oldestWaitingSeconds",
      count(*) filter (where dead_at is not null) as dead
    from langfuse_outbox
  ) outbox
  cross join (
    select
      count(*) filter (where kind = 'trace') as "deliveredTraces",
      count(*) filter (where kind = 'feedback') as "deliveredFeedback",
      count(*) filter (where kind = 'feedback' and length(langfuse_ids[cardinality(langfuse_ids)]) = 16)
        as "deliveredFeedbackObservations",
      coalesce(sum(cardinality(langfuse_ids)) filter (where kind = 'feedback'), 0)::bigint as ids
    from langfuse_deliveries
  ) ledger
`;

export async function readMirrorStatus(db: Queryable): Promise<MirrorStatus> {
  const [row] = await db.query<MirrorStatus>(sql);
  if (row === undefined) throw new Error("the mirror's status has no row, though aggregates always give one");
  return row;
}
