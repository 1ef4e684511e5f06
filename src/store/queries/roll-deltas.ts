import type { Queryable } from "../database.ts";

// One statement, so one transaction: a delta is deleted if and only if it is added. Nothing depends on time or on the
// order of ids, so a writer that commits late loses nothing.
//
// - `skip locked`: rollers side by side take different deltas and never wait for one another here.
// - A delta whose series is not made yet (intern-series.ts) is left for the next time.
// - The hours are noted: the host's metrics of those that are over are written anew.
// - What a delta says is added six times over: to its series, its function's total and the project's, to the hour and to the
//   day. Each sum is made of the finest that holds it, so what many series have in common is added up once.
// - A histogram to which nothing is added is put back as it lies, neither unpacked nor packed again: feedback adds to two of five.
//   To a short one entries are appended as they are; a row may then hold one twice (uptake_may_append says why).
// - They may meet at a row of these. All lock in the same order, hours before days and each by its key: no deadlock.
// - A delta's arrays hold one signed entry a row, repeated and unsorted; the group bys make them sorted and without zeros
//   before they are added. There are many, so an entry is one number: 1 latency, 2 time to first token, 3 time to feedback,
//   4 confidence, in the bits above its bucket's sixteen. Sums in millionths are added as doubles, which hold whole numbers
//   exactly up to 2^53 and cost a fraction of what sums of bigint do. One without a bucket, 65535, is in the repair of a damaged row.
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
lineage as materialized (
  select s.id as known_series_id, f.id as function_id, p.id as project_id
  from (select distinct known_series_id from gone) taken
  join metric_series s on s.id = taken.known_series_id
  join metric_series f on f.project_id = s.project_id and f.function_name = s.function_name and f.environment is null
  join metric_series p on p.project_id = s.project_id and p.function_name is null
),
targets as materialized (
  select of_hour.hour, of_hour.known_series_id, target.*
  from (select distinct hour, known_series_id from gone) of_hour
  join lineage using (known_series_id)
  cross join lateral (
    values (false, of_hour.hour, known_series_id), (false, of_hour.hour, function_id), (false, of_hour.hour, project_id),
      (true, floor(of_hour.hour / 24.0)::integer, known_series_id), (true, floor(of_hour.hour / 24.0)::integer, function_id),
      (true, floor(of_hour.hour / 24.0)::integer, project_id)
  ) target (is_day, period, target_id)
),
counted as materialized (
  select
    is_day, period, target_id,
    sum(suggestion_count) as suggestion_count,
    sum(completed_count) as completed_count,
    sum(error_count) as error_count,
    sum(shown_count) as shown_count,
    sum(shown_decided_count) as shown_decided_count,
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
    sum(completed_cost_known_count) as completed_cost_known_count,
    sum(kept_ratio_ppm_sum) as kept_ratio_ppm_sum,
    sum(kept_ratio_count) as kept_ratio_count,
    sum(squared_error_ppm_sum) as squared_error_ppm_sum,
    sum(open_count) as open_count
  from gone
  join targets using (hour, known_series_id)
  group by is_day, period, target_id
),
series_hours as materialized (
  select hour, known_series_id, kind << 16 | coalesce(bucket, 65535) as entry, sum(n)::integer as n, sum(ppm) as ppm
  from gone
  cross join lateral (
    select 1, l.*, 0::double precision from unnest(latency_buckets, latency_counts) l
    union all
    select 2, t.*, 0 from unnest(first_token_buckets, first_token_counts) t
    union all
    select 3, f.*, 0 from unnest(feedback_time_buckets, feedback_time_counts) f
    union all
    select 4, c.* from unnest(confidence_keys, confidence_counts, confidence_ppm_sums) c
  ) given (kind, bucket, n, ppm)
  group by hour, known_series_id, entry
  having sum(n) <> 0 or sum(ppm) <> 0
),
function_hours as materialized (
  select hour, function_id, project_id, entry, sum(n)::integer as n, sum(ppm) as ppm
  from series_hours
  join lineage using (known_series_id)
  group by hour, function_id, project_id, entry
  having sum(n) <> 0 or sum(ppm) <> 0
),
series_days as materialized (
  select floor(hour / 24::double precision)::integer as day, known_series_id, function_id, project_id, entry, sum(n)::integer as n, sum(ppm) as ppm
  from series_hours
  join lineage using (known_series_id)
  group by day, known_series_id, function_id, project_id, entry
  having sum(n) <> 0 or sum(ppm) <> 0
),
function_days as materialized (
  select day, function_id, project_id, entry, sum(n)::integer as n, sum(ppm) as ppm
  from series_days
  group by day, function_id, project_id, entry
  having sum(n) <> 0 or sum(ppm) <> 0
),
bucketed as (
  select false as is_day, hour as period, known_series_id as target_id, entry, n, ppm from series_hours
  union all
  select false, hour, function_id, entry, n, ppm from function_hours
  union all
  select false, hour, project_id, entry, sum(n)::integer, sum(ppm) from function_hours group by hour, project_id, entry
  union all
  select true, day, known_series_id, entry, n, ppm from series_days
  union all
  select true, day, function_id, entry, n, ppm from function_days
  union all
  select true, day, project_id, entry, sum(n)::integer, sum(ppm) from function_days group by day, project_id, entry
),
histograms as materialized (
  select
    is_day, period, target_id,
    array_agg(nullif(entry & 65535, 65535)::smallint order by entry) filter (where entry >> 16 = 1) as latency_buckets,
    array_agg(n order by entry) filter (where entry >> 16 = 1) as latency_counts,
    array_agg(nullif(entry & 65535, 65535)::smallint order by entry) filter (where entry >> 16 = 2) as first_token_buckets,
    array_agg(n order by entry) filter (where entry >> 16 = 2) as first_token_counts,
    array_agg(nullif(entry & 65535, 65535)::smallint order by entry) filter (where entry >> 16 = 3) as feedback_time_buckets,
    array_agg(n order by entry) filter (where entry >> 16 = 3) as feedback_time_counts,
    array_agg(nullif(entry & 65535, 65535)::smallint order by entry) filter (where entry >> 16 = 4) as confidence_keys,
    array_agg(n order by entry) filter (where entry >> 16 = 4) as confidence_counts,
    array_agg(ppm::bigint order by entry) filter (where entry >> 16 = 4) as confidence_ppm_sums
  from bucketed
  where n <> 0 or ppm <> 0
  group by is_day, period, target_id
),
failures as materialized (
  select
    is_day, period, target_id,
    array_agg(type order by type collate "C") as error_types,
    array_agg(n order by type collate "C") as error_type_counts
  from (
    select is_day, period, target_id, type, sum(n)::integer as n
    from gone
    join targets using (hour, known_series_id)
    cross join lateral unnest(error_types, error_type_counts) e (type, n)
    group by is_day, period, target_id, type
    having sum(n) <> 0
  ) by_type
  group by is_day, period, target_id
),
added_to_hours as (
  insert into ai_metrics_hourly as m (
    hour, series_id,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  )
  select
    c.period, c.target_id,
    c.suggestion_count, c.completed_count, c.error_count, c.shown_count, c.shown_decided_count, c.accepted_count, c.revised_count, c.rejected_count, c.expired_count,
    c.latency_count, c.latency_ms_sum, c.input_tokens_sum, c.output_tokens_sum, c.input_tokens_known_count, c.output_tokens_known_count,
    c.cost_usd_sum, c.cost_known_count, c.completed_cost_known_count, c.kept_ratio_ppm_sum, c.kept_ratio_count, c.squared_error_ppm_sum, c.open_count,
    coalesce(h.latency_buckets, '{}'), coalesce(h.latency_counts, '{}'),
    coalesce(h.first_token_buckets, '{}'), coalesce(h.first_token_counts, '{}'),
    coalesce(h.feedback_time_buckets, '{}'), coalesce(h.feedback_time_counts, '{}'),
    coalesce(h.confidence_keys, '{}'), coalesce(h.confidence_counts, '{}'), coalesce(h.confidence_ppm_sums, '{}'),
    coalesce(f.error_types, '{}'), coalesce(f.error_type_counts, '{}')
  from counted c
  left join histograms h using (is_day, period, target_id)
  left join failures f using (is_day, period, target_id)
  where not c.is_day
  order by c.period, c.target_id
  on conflict (series_id, hour) do update set
    suggestion_count = m.suggestion_count + excluded.suggestion_count, completed_count = m.completed_count + excluded.completed_count,
    error_count = m.error_count + excluded.error_count, shown_count = m.shown_count + excluded.shown_count,
    shown_decided_count = m.shown_decided_count + excluded.shown_decided_count, accepted_count = m.accepted_count + excluded.accepted_count,
    revised_count = m.revised_count + excluded.revised_count, rejected_count = m.rejected_count + excluded.rejected_count,
    expired_count = m.expired_count + excluded.expired_count, latency_count = m.latency_count + excluded.latency_count,
    latency_ms_sum = m.latency_ms_sum + excluded.latency_ms_sum, input_tokens_sum = m.input_tokens_sum + excluded.input_tokens_sum,
    output_tokens_sum = m.output_tokens_sum + excluded.output_tokens_sum, input_tokens_known_count = m.input_tokens_known_count + excluded.input_tokens_known_count,
    output_tokens_known_count = m.output_tokens_known_count + excluded.output_tokens_known_count, cost_usd_sum = m.cost_usd_sum + excluded.cost_usd_sum,
    cost_known_count = m.cost_known_count + excluded.cost_known_count, completed_cost_known_count = m.completed_cost_known_count + excluded.completed_cost_known_count,
    kept_ratio_ppm_sum = m.kept_ratio_ppm_sum + excluded.kept_ratio_ppm_sum, kept_ratio_count = m.kept_ratio_count + excluded.kept_ratio_count,
    squared_error_ppm_sum = m.squared_error_ppm_sum + excluded.squared_error_ppm_sum, open_count = m.open_count + excluded.open_count,
    (latency_buckets, latency_counts) = (
      select m.latency_buckets, m.latency_counts where cardinality(excluded.latency_buckets) = 0 union all
      select m.latency_buckets || excluded.latency_buckets, m.latency_counts || excluded.latency_counts
      where uptake_may_append(m.latency_buckets, m.latency_counts, excluded.latency_buckets) union all
      select buckets, counts from uptake_add_histograms(m.latency_buckets, m.latency_counts, excluded.latency_buckets, excluded.latency_counts)
      where cardinality(excluded.latency_buckets) > 0 and not uptake_may_append(m.latency_buckets, m.latency_counts, excluded.latency_buckets)
    ),
    (first_token_buckets, first_token_counts) = (
      select m.first_token_buckets, m.first_token_counts where cardinality(excluded.first_token_buckets) = 0 union all
      select m.first_token_buckets || excluded.first_token_buckets, m.first_token_counts || excluded.first_token_counts
      where uptake_may_append(m.first_token_buckets, m.first_token_counts, excluded.first_token_buckets) union all
      select buckets, counts from uptake_add_histograms(m.first_token_buckets, m.first_token_counts, excluded.first_token_buckets, excluded.first_token_counts)
      where cardinality(excluded.first_token_buckets) > 0 and not uptake_may_append(m.first_token_buckets, m.first_token_counts, excluded.first_token_buckets)
    ),
    (feedback_time_buckets, feedback_time_counts) = (
      select m.feedback_time_buckets, m.feedback_time_counts where cardinality(excluded.feedback_time_buckets) = 0 union all
      select m.feedback_time_buckets || excluded.feedback_time_buckets, m.feedback_time_counts || excluded.feedback_time_counts
      where uptake_may_append(m.feedback_time_buckets, m.feedback_time_counts, excluded.feedback_time_buckets) union all
      select buckets, counts from uptake_add_histograms(m.feedback_time_buckets, m.feedback_time_counts, excluded.feedback_time_buckets, excluded.feedback_time_counts)
      where cardinality(excluded.feedback_time_buckets) > 0 and not uptake_may_append(m.feedback_time_buckets, m.feedback_time_counts, excluded.feedback_time_buckets)
    ),
    (confidence_keys, confidence_counts, confidence_ppm_sums) = (
      select m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums where cardinality(excluded.confidence_keys) = 0 union all
      select m.confidence_keys || excluded.confidence_keys, m.confidence_counts || excluded.confidence_counts, m.confidence_ppm_sums || excluded.confidence_ppm_sums
      where uptake_may_append_confidences(m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums, excluded.confidence_keys) union all
      select keys, counts, ppm_sums from uptake_add_confidences(
        m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums,
        excluded.confidence_keys, excluded.confidence_counts, excluded.confidence_ppm_sums
      )
      where cardinality(excluded.confidence_keys) > 0
        and not uptake_may_append_confidences(m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums, excluded.confidence_keys)
    ),
    (error_types, error_type_counts) = (
      select m.error_types, m.error_type_counts where cardinality(excluded.error_types) = 0 union all
      select types, counts from uptake_add_error_types(m.error_types, m.error_type_counts, excluded.error_types, excluded.error_type_counts)
      where cardinality(excluded.error_types) > 0
    )
),
added_to_days as (
  insert into ai_metrics_daily as m (
    day, series_id,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  )
  select
    c.period, c.target_id,
    c.suggestion_count, c.completed_count, c.error_count, c.shown_count, c.shown_decided_count, c.accepted_count, c.revised_count, c.rejected_count, c.expired_count,
    c.latency_count, c.latency_ms_sum, c.input_tokens_sum, c.output_tokens_sum, c.input_tokens_known_count, c.output_tokens_known_count,
    c.cost_usd_sum, c.cost_known_count, c.completed_cost_known_count, c.kept_ratio_ppm_sum, c.kept_ratio_count, c.squared_error_ppm_sum, c.open_count,
    coalesce(h.latency_buckets, '{}'), coalesce(h.latency_counts, '{}'),
    coalesce(h.first_token_buckets, '{}'), coalesce(h.first_token_counts, '{}'),
    coalesce(h.feedback_time_buckets, '{}'), coalesce(h.feedback_time_counts, '{}'),
    coalesce(h.confidence_keys, '{}'), coalesce(h.confidence_counts, '{}'), coalesce(h.confidence_ppm_sums, '{}'),
    coalesce(f.error_types, '{}'), coalesce(f.error_type_counts, '{}')
  from counted c
  left join histograms h using (is_day, period, target_id)
  left join failures f using (is_day, period, target_id)
  where c.is_day
  order by c.period, c.target_id
  on conflict (series_id, day) do update set
    suggestion_count = m.suggestion_count + excluded.suggestion_count, completed_count = m.completed_count + excluded.completed_count,
    error_count = m.error_count + excluded.error_count, shown_count = m.shown_count + excluded.shown_count,
    shown_decided_count = m.shown_decided_count + excluded.shown_decided_count, accepted_count = m.accepted_count + excluded.accepted_count,
    revised_count = m.revised_count + excluded.revised_count, rejected_count = m.rejected_count + excluded.rejected_count,
    expired_count = m.expired_count + excluded.expired_count, latency_count = m.latency_count + excluded.latency_count,
    latency_ms_sum = m.latency_ms_sum + excluded.latency_ms_sum, input_tokens_sum = m.input_tokens_sum + excluded.input_tokens_sum,
    output_tokens_sum = m.output_tokens_sum + excluded.output_tokens_sum, input_tokens_known_count = m.input_tokens_known_count + excluded.input_tokens_known_count,
    output_tokens_known_count = m.output_tokens_known_count + excluded.output_tokens_known_count, cost_usd_sum = m.cost_usd_sum + excluded.cost_usd_sum,
    cost_known_count = m.cost_known_count + excluded.cost_known_count, completed_cost_known_count = m.completed_cost_known_count + excluded.completed_cost_known_count,
    kept_ratio_ppm_sum = m.kept_ratio_ppm_sum + excluded.kept_ratio_ppm_sum, kept_ratio_count = m.kept_ratio_count + excluded.kept_ratio_count,
    squared_error_ppm_sum = m.squared_error_ppm_sum + excluded.squared_error_ppm_sum, open_count = m.open_count + excluded.open_count,
    (latency_buckets, latency_counts) = (
      select m.latency_buckets, m.latency_counts where cardinality(excluded.latency_buckets) = 0 union all
      select m.latency_buckets || excluded.latency_buckets, m.latency_counts || excluded.latency_counts
      where uptake_may_append(m.latency_buckets, m.latency_counts, excluded.latency_buckets) union all
      select buckets, counts from uptake_add_histograms(m.latency_buckets, m.latency_counts, excluded.latency_buckets, excluded.latency_counts)
      where cardinality(excluded.latency_buckets) > 0 and not uptake_may_append(m.latency_buckets, m.latency_counts, excluded.latency_buckets)
    ),
    (first_token_buckets, first_token_counts) = (
      select m.first_token_buckets, m.first_token_counts where cardinality(excluded.first_token_buckets) = 0 union all
      select m.first_token_buckets || excluded.first_token_buckets, m.first_token_counts || excluded.first_token_counts
      where uptake_may_append(m.first_token_buckets, m.first_token_counts, excluded.first_token_buckets) union all
      select buckets, counts from uptake_add_histograms(m.first_token_buckets, m.first_token_counts, excluded.first_token_buckets, excluded.first_token_counts)
      where cardinality(excluded.first_token_buckets) > 0 and not uptake_may_append(m.first_token_buckets, m.first_token_counts, excluded.first_token_buckets)
    ),
    (feedback_time_buckets, feedback_time_counts) = (
      select m.feedback_time_buckets, m.feedback_time_counts where cardinality(excluded.feedback_time_buckets) = 0 union all
      select m.feedback_time_buckets || excluded.feedback_time_buckets, m.feedback_time_counts || excluded.feedback_time_counts
      where uptake_may_append(m.feedback_time_buckets, m.feedback_time_counts, excluded.feedback_time_buckets) union all
      select buckets, counts from uptake_add_histograms(m.feedback_time_buckets, m.feedback_time_counts, excluded.feedback_time_buckets, excluded.feedback_time_counts)
      where cardinality(excluded.feedback_time_buckets) > 0 and not uptake_may_append(m.feedback_time_buckets, m.feedback_time_counts, excluded.feedback_time_buckets)
    ),
    (confidence_keys, confidence_counts, confidence_ppm_sums) = (
      select m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums where cardinality(excluded.confidence_keys) = 0 union all
      select m.confidence_keys || excluded.confidence_keys, m.confidence_counts || excluded.confidence_counts, m.confidence_ppm_sums || excluded.confidence_ppm_sums
      where uptake_may_append_confidences(m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums, excluded.confidence_keys) union all
      select keys, counts, ppm_sums from uptake_add_confidences(
        m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums,
        excluded.confidence_keys, excluded.confidence_counts, excluded.confidence_ppm_sums
      )
      where cardinality(excluded.confidence_keys) > 0
        and not uptake_may_append_confidences(m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums, excluded.confidence_keys)
    ),
    (error_types, error_type_counts) = (
      select m.error_types, m.error_type_counts where cardinality(excluded.error_types) = 0 union all
      select types, counts from uptake_add_error_types(m.error_types, m.error_type_counts, excluded.error_types, excluded.error_type_counts)
      where cardinality(excluded.error_types) > 0
    )
),
due as (
  insert into aggregated_metrics_due (hour) select distinct hour from gone
)
select count(*)::integer as "rolledCount" from gone`;

type Row = { readonly rolledCount: number };

/** Adds up to `limit` waiting deltas to hours and days. Resolves to how many it took; 0 means none is left to take. Take {@link internSeries} first. */
export async function rollDeltas(db: Queryable, limit: number): Promise<number> {
  const [row] = await db.query<Row>(sql, [limit]);
  return row?.rolledCount ?? 0;
}
