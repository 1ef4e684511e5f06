import type { Queryable } from "../database.ts";

// As in roll-deltas.ts.
const sql = `
with claimed as materialized (
  select d.id, coalesce(d.series_id, s.id) as known_series_id
  from rollup_reason_deltas d
  left join metric_series s
    on d.series_id is null
    and s.project_id = d.new_series[1] and s.function_name = d.new_series[2] and s.environment = d.new_series[3]
    and s.model = d.new_series[4] and s.prompt_version = d.new_series[5]
  where coalesce(d.series_id, s.id) is not null
  order by d.id limit $1 for update of d skip locked
),
gone as (
  delete from rollup_reason_deltas d using claimed where d.id = claimed.id returning d.*, claimed.known_series_id
),
added as (
  insert into ai_feedback_reasons_hourly as m (hour, series_id, outcome, reason, suggestion_count)
  select hour, known_series_id, outcome, reason, sum(suggestion_count)
  from gone
  group by hour, known_series_id, outcome, reason
  order by hour, known_series_id, outcome, reason
  on conflict (series_id, hour, outcome, reason) do update set
    suggestion_count = m.suggestion_count + excluded.suggestion_count
),
added_days as (
  insert into ai_feedback_reasons_daily as m (day, series_id, outcome, reason, suggestion_count)
  select floor(hour / 24.0)::integer as day, known_series_id, outcome, reason, sum(suggestion_count)
  from gone
  group by day, known_series_id, outcome, reason
  order by day, known_series_id, outcome, reason
  on conflict (series_id, day, outcome, reason) do update set
    suggestion_count = m.suggestion_count + excluded.suggestion_count
)
select count(*)::integer as "rolledCount" from gone`;

type Row = { readonly rolledCount: number };

/** Adds up to `limit` waiting deltas of reasons to their hours and days. Resolves to how many it took. */
export async function rollReasonDeltas(db: Queryable, limit: number): Promise<number> {
  const [row] = await db.query<Row>(sql, [limit]);
  return row?.rolledCount ?? 0;
}
