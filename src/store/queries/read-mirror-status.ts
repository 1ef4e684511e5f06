import type { Queryable } from "../database.ts";

/** How the mirror stands, for people and for monitoring. */
export type MirrorStatus = {
  /** Messages still to be delivered, those in work included, those that are held not. */
  readonly waiting: number;
  /** Age of the oldest of them; null when none waits. */
  readonly oldestWaitingSeconds: number | null;
  /** Messages that sampling holds: feedback may still come, or the day's budget is spent. */
  readonly held: number;
  /** Messages that Langfuse refused for good. */
  readonly dead: number;
  readonly deliveredTraces: number;
  readonly deliveredFeedback: number;
  readonly deliveredScores: number;
  /** The `human-feedback` observations; those of traces are not counted. */
  readonly deliveredFeedbackObservations: number;
  /** Messages that were delivered within the last 60 seconds, by the database's clock. */
  readonly deliveredLastMinute: number;
};

// A line of feedback in the ledger names scores, and behind them its observation, whose id is 16 hex digits. One pass and no
// index on the time of delivery: looking is rare, and the writer would pay for it with every line. Taking the lists apart
// to count what is in them costs ten times as much as the rest.
const sql = `
  select
    outbox.*,
    ledger."deliveredTraces",
    ledger."deliveredFeedback",
    ledger.ids - ledger."deliveredFeedbackObservations" as "deliveredScores",
    ledger."deliveredFeedbackObservations",
    ledger."deliveredLastMinute"
  from (
    select
      count(*) filter (where dead_at is null and (held_until is null or held_until <= now())) as waiting,
      extract(epoch from now() - min(coalesce(held_until, created_at))
        filter (where dead_at is null and (held_until is null or held_until <= now())))::double precision as "oldestWaitingSeconds",
      count(*) filter (where dead_at is null and held_until > now()) as held,
      count(*) filter (where dead_at is not null) as dead
    from langfuse_outbox
    where $1::text is null or project_id = $1
  ) outbox
  cross join (
    select
      count(*) filter (where kind = 'trace') as "deliveredTraces",
      count(*) filter (where kind = 'feedback') as "deliveredFeedback",
      coalesce(sum(cardinality(langfuse_ids)) filter (where kind = 'feedback'), 0)::bigint as ids,
      count(*) filter (where kind = 'feedback' and length(langfuse_ids[cardinality(langfuse_ids)]) = 16)
        as "deliveredFeedbackObservations",
      count(*) filter (where delivered_at > now() - interval '1 minute') as "deliveredLastMinute"
    from langfuse_deliveries
    where $1::text is null or project_id = $1
  ) ledger
`;

/** Of one project, or of all in the database. */
export async function readMirrorStatus(db: Queryable, projectId?: string): Promise<MirrorStatus> {
  const [row] = await db.query<MirrorStatus>(sql, [projectId ?? null]);
  if (row === undefined) throw new Error("the mirror's status has no row, though aggregates always give one");
  return row;
}
