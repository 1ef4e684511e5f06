import type { Queryable } from "../database.ts";

// The running hour is left until it is over. Where a database was adopted, the hours before that stay as the host's own job
// has written them, and where retention has dropped suggestions, as they were written while those were there: what is due
// of them is dropped.
const sql = `
  with first as (
    select greatest(
      -2147483648,
      case when to_regclass('public.uptake_adoption') is not null
        then (select floor(extract(epoch from min(applied_at)) / 3600)::integer from schema_migrations) end,
      (select max(frozen_before) from retention_drops)
    ) as hour
  ),
  claimed as materialized (
    select d.id from aggregated_metrics_due d
    where d.hour < $1
    order by d.hour, d.id
    limit $2
    for update skip locked
  ),
  gone as (
    delete from aggregated_metrics_due d using claimed where d.id = claimed.id returning d.hour
  )
  select
    coalesce(array_agg(distinct gone.hour order by gone.hour) filter (where gone.hour >= first.hour), '{}') as hours,
    count(*) as "claimedCount"
  from gone, first
`;

export type DueHours = {
  /** Ascending. */
  readonly hours: readonly number[];
  /** Notes that were taken; 0 where none is left to take. */
  readonly claimedCount: number;
};

/** Takes at most `limit` notes of hours before `currentHour` out of the queue. */
export async function claimDueHours(tx: Queryable, currentHour: number, limit: number): Promise<DueHours> {
  const [row] = await tx.query<DueHours>(sql, [currentHour, limit]);
  return row ?? { hours: [], claimedCount: 0 };
}
