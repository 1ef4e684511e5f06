import type { Queryable } from "../database.ts";

// One statement, so one transaction: a delta is deleted if and only if it is added. Nothing depends on time or on the
// order of ids, so a writer that commits late loses nothing.
//
// - `skip locked`: rollers side by side take different deltas and never wait for one another here.
// - A delta whose series is not made yet (intern-series.ts) is left for the next time.
// - They may meet at an hour's row. `order by hour, series_id` makes all of them lock in the same order: no deadlock.
// - A delta's arrays hold one signed entry a row, repeated and unsorted; the two-level group by makes them sorted and
//   without zeros before they are added to the hour's.
const sql = `
with claimed as materialized (
  select d.id, coalesce(d.series_id, s.id) as known_series_id
  from rollup_deltas d
  left join metric_series s
    on d.series_id is null
    and s.project_id = d.new_series[1] and s.function_name = d.new_series[2] and s.environment = d.new_series[3]
    and s.model = d.new_series[4] and s.prompt_version = d.new_series[5]
  where coalesce(d.series_id, s.id) is not null
  order by d.id limit $1 for update of d skip locked
),
gone as (
  delete from rollup_deltas d using claimed where d.id = claimed.id returning d.*, claimed.known_series_id
),
counted as (
  select
    hour, known_series_id as series_id,
    sum(suggestion_count) as suggestion_count,
    sum(completed_count) as completed_count,
    sum(error_count) as error_count,
    sum(shown_count) as shown_count,
    sum(accepted_count) as accepted_count,
    sum(revised_count) as revised_count,
    sum(rejected_count) as rejected_count,
    sum(expired_count) as expired_count,
    sum(latency_count) as latency_count,
    sum(latency_ms_sum) as latency_ms_sum,
    sum(input_tokens_sum) as input_tokens_sum,
    sum(output_tokens_sum) as output_tokens_sum,
    sum(input_tokens_known_count) as input_tokens_known_count,
    sum(output_tokens_known_count) as output_tokens_known_count,
    sum(cost_usd_sum) as cost_usd_sum,
    sum(cost_known_count) as cost_known_count,
    sum(kept_ratio_ppm_sum) as kept_ratio_ppm_sum,
    sum(kept_ratio_count) as kept_ratio_count
  from gone
  group by hour, known_series_id
),
bucketed as (
  select hour, known_series_id as series_id, kind, bucket, sum(n)::integer as n
  from gone
  cross join lateral (
    select 'latency', l.* from unnest(latency_buckets, latency_counts) l
    union all
    select 'first_token', t.* from unnest(first_token_buckets, first_token_counts) t
    union all
    select 'feedback_time', f.* from unnest(feedback_time_buckets, feedback_time_counts) f
  ) entry (kind, bucket, n)
  group by hour, known_series_id, kind, bucket
  having sum(n) <> 0
),
histograms as (
  select
    hour, series_id,
    array_agg(bucket order by bucket) filter (where kind = 'latency') as latency_buckets,
    array_agg(n order by bucket) filter (where kind = 'latency') as latency_counts,
    array_agg(bucket order by bucket) filter (where kind = 'first_token') as first_token_buckets,
    array_agg(n order by bucket) filter (where kind = 'first_token') as first_token_counts,
    array_agg(bucket order by bucket) filter (where kind = 'feedback_time') as feedback_time_buckets,
    array_agg(n order by bucket) filter (where kind = 'feedback_time') as feedback_time_counts
  from bucketed
  group by hour, series_id
),
added as (
  insert into ai_metrics_hourly as m (
    hour, series_id,
    suggestion_count, completed_count, error_count, shown_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, kept_ratio_ppm_sum, kept_ratio_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts
  )
  select
    c.hour, c.series_id,
    c.suggestion_count, c.completed_count, c.error_count, c.shown_count, c.accepted_count, c.revised_count, c.rejected_count, c.expired_count,
    c.latency_count, c.latency_ms_sum, c.input_tokens_sum, c.output_tokens_sum, c.input_tokens_known_count, c.output_tokens_known_count,
    c.cost_usd_sum, c.cost_known_count, c.kept_ratio_ppm_sum, c.kept_ratio_count,
    coalesce(h.latency_buckets, '{}'), coalesce(h.latency_counts, '{}'),
    coalesce(h.first_token_buckets, '{}'), coalesce(h.first_token_counts, '{}'),
    coalesce(h.feedback_time_buckets, '{}'), coalesce(h.feedback_time_counts, '{}')
  from counted c
  left join histograms h on h.hour = c.hour and h.series_id = c.series_id
  order by c.hour, c.series_id
  on conflict (hour, series_id) do update set
    suggestion_count = m.suggestion_count + excluded.suggestion_count,
    completed_count = m.completed_count + excluded.completed_count,
    error_count = m.error_count + excluded.error_count,
    shown_count = m.shown_count + excluded.shown_count,
    accepted_count = m.accepted_count + excluded.accepted_count,
    revised_count = m.revised_count + excluded.revised_count,
    rejected_count = m.rejected_count + excluded.rejected_count,
    expired_count = m.expired_count + excluded.expired_count,
    latency_count = m.latency_count + excluded.latency_count,
    latency_ms_sum = m.latency_ms_sum + excluded.latency_ms_sum,
    input_tokens_sum = m.input_tokens_sum + excluded.input_tokens_sum,
    output_tokens_sum = m.output_tokens_sum + excluded.output_tokens_sum,
    input_tokens_known_count = m.input_tokens_known_count + excluded.input_tokens_known_count,
    output_tokens_known_count = m.output_tokens_known_count + excluded.output_tokens_known_count,
    cost_usd_sum = m.cost_usd_sum + excluded.cost_usd_sum,
    cost_known_count = m.cost_known_count + excluded.cost_known_count,
    kept_ratio_ppm_sum = m.kept_ratio_ppm_sum + excluded.kept_ratio_ppm_sum,
    kept_ratio_count = m.kept_ratio_count + excluded.kept_ratio_count,
    (latency_buckets, latency_counts) = (
      select buckets, counts
      from uptake_add_histograms(m.latency_buckets, m.latency_counts, excluded.latency_buckets, excluded.latency_counts)
    ),
    (first_token_buckets, first_token_counts) = (
      select buckets, counts
      from uptake_add_histograms(m.first_token_buckets, m.first_token_counts, excluded.first_token_buckets, excluded.first_token_counts)
    ),
    (feedback_time_buckets, feedback_time_counts) = (
      select buckets, counts
      from uptake_add_histograms(m.feedback_time_buckets, m.feedback_time_counts, excluded.feedback_time_buckets, excluded.feedback_time_counts)
    )
)
select count(*)::integer as "rolledCount" from gone`;

type Row = { readonly rolledCount: number };

/** Adds up to `limit` waiting deltas to their hours. Resolves to how many it took; 0 means none is left to take. Take {@link internSeries} first. */
export async function rollDeltas(db: Queryable, limit: number): Promise<number> {
  const [row] = await db.query<Row>(sql, [limit]);
  return row?.rolledCount ?? 0;
}
