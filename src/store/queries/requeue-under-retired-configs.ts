import type { Queryable } from "../database.ts";

export type RetiredTimes = {
  /** From the retirement until every worker has stopped using it and Langfuse shows what was sent until then. */
  readonly restMs: number;
  /** Until every worker has stopped using it. */
  readonly stoppedAfterMs: number;
  /** How far behind Langfuse's own queue may be: it looks at the config when it works a score off. */
  readonly queueMs: number;
};

// One statement: whoever deletes the row also puts back, once, whatever may have been dropped under it.
const sql = `
  with settled as (
    delete from score_configs
    where base_url = $1 and retired_at < now() - $2 * interval '1 millisecond'
    returning checked_at, retired_at
  ),
  doubtful as (
    select min(checked_at) - $4 * interval '1 millisecond' as since,
      max(retired_at) + $3 * interval '1 millisecond' as until
    from settled
  )
  insert into langfuse_outbox (kind, ref, project_id, unsure)
  select d.kind, d.ref, d.project_id, true
  from langfuse_deliveries d, doubtful
  where d.kind = 'feedback' and d.delivered_at >= doubtful.since and d.delivered_at <= doubtful.until
  on conflict (kind, ref) do nothing
  returning id
`;

/**
 * Forgets configs that were retired a while ago, and puts feedback that was delivered while one of them may have been
 * unsound back into the outbox, in doubt: it is read back, and only what is missing is sent. Resolves to how many.
 */
export async function requeueUnderRetiredConfigs(db: Queryable, baseUrl: string, times: RetiredTimes): Promise<number> {
  const rows = await db.query(sql, [baseUrl, times.restMs, times.stoppedAfterMs, times.queueMs]);
  return rows.length;
}
