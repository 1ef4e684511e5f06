import type { SeenWorker } from "../../domain/worker-report.ts";
import type { Queryable } from "../database.ts";

/** A few of the times that a worker notes itself in. */
const SILENT_AFTER_SECONDS = 35;
const MOST = 100;

const sql = `
  select id, kind, host, pid, version, started_at as "startedAt", seen_at as "seenAt",
    case
      when stopped_at is not null then 'stopped'
      when seen_at < now() - $1 * interval '1 second' then 'silent'
      else 'running'
    end as state,
    last_act as "lastAct", last_act_at as "lastActAt"
  from uptake_workers
  where seen_at > now() - interval '1 day'
  order by stopped_at is not null, started_at desc, id
  limit $2
`;

/** The workers of the last day: those that have not ended first, then the youngest. */
export async function readWorkers(db: Queryable): Promise<readonly SeenWorker[]> {
  return db.query<SeenWorker>(sql, [SILENT_AFTER_SECONDS, MOST]);
}
