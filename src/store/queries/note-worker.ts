import type { WorkerAct, WorkerKind } from "../../domain/worker-report.ts";
import type { Queryable } from "../database.ts";

export type NotedWorker = {
  readonly id: string;
  readonly kind: WorkerKind;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly lastAct: WorkerAct | null;
  /** How long ago, so that no two clocks meet. */
  readonly lastActAgoMs: number | null;
  readonly isStopped: boolean;
};

// Never its own row, which a machine that slept for a day finds old; and none that another worker is at.
const sql = `
  with forgotten as (
    delete from uptake_workers
    where id in (
      select id from uptake_workers
      where seen_at < now() - interval '1 day' and id <> $1
      for update skip locked
    )
  )
  insert into uptake_workers (id, kind, host, pid, version, last_act, last_act_at, stopped_at)
  values (
    $1, $2, $3, $4, $5, $6, now() - $7::double precision * interval '1 millisecond',
    case when $8 then now() end
  )
  on conflict (id) do update set
    seen_at = now(),
    last_act = excluded.last_act,
    last_act_at = excluded.last_act_at,
    stopped_at = excluded.stopped_at
`;

/** Notes that a worker is there, or that it ends; forgets those that nobody has seen for a day. */
export async function noteWorker(db: Queryable, worker: NotedWorker): Promise<void> {
  const { id, kind, host, pid, version, lastAct, lastActAgoMs, isStopped } = worker;
  await db.query(sql, [id, kind, host, pid, version, lastAct, lastActAgoMs, isStopped]);
}
