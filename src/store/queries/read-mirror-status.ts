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
};

const sql = `
  select outbox.*, ledger.*
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
      coalesce(sum(cardinality(langfuse_ids)) filter (where kind = 'feedback'), 0) as "deliveredScores"
    from langfuse_deliveries
  ) ledger
`;

export async function readMirrorStatus(db: Queryable): Promise<MirrorStatus> {
  const [row] = await db.query<MirrorStatus>(sql);
  if (row === undefined) throw new Error("the mirror's status has no row, though aggregates always give one");
  return row;
}
