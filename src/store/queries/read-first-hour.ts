import type { Queryable } from "../database.ts";

const sql = `
select
  least(
    (select floor(extract(epoch from min(created_at)) / 3600) from ai_suggestions),
    (select floor(extract(epoch from min(deciding_feedback_at)) / 3600) from ai_suggestions),
    (select min(hour) from ai_metrics_hourly),
    (select min(day) * 24 from ai_metrics_daily),
    (select min(hour) from rollup_deltas)
  )::integer as "firstHour"`;

type Row = { readonly firstHour: number | null };

/** The first hour for which there is anything to count or counted; null where there is nothing at all. */
export async function readFirstHour(db: Queryable): Promise<number | null> {
  const [row] = await db.query<Row>(sql);
  return row?.firstHour ?? null;
}
