import type { Queryable } from "../database.ts";

// The running hour is left until it is over; other writers take other rows.
const sql = `
  with claimed as materialized (
    select d.id from aggregated_metrics_due d
    where d.hour < $1
    order by d.hour, d.id
    limit $2
    for update skip locked
  ),
  gone as (
    delete from aggregated_metrics_due d using claimed where d.id = claimed.id returning d.hour
  )
  select distinct hour from gone order by hour
`;

/** Takes at most `limit` notes of hours before `currentHour` out of the queue; resolves to these hours, ascending. */
export async function claimDueHours(tx: Queryable, currentHour: number, limit: number): Promise<readonly number[]> {
  return (await tx.query<{ hour: number }>(sql, [currentHour, limit])).map(({ hour }) => hour);
}
