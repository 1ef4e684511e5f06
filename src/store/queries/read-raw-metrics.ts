import type { Queryable } from "../database.ts";
import type { MetricsSelection, MetricsSums } from "./read-metrics.ts";

// The same sums as in read-metrics.ts, from the suggestions themselves. '' stands for a dimension that is unknown or that
// nobody asked for, -1 for such a band. Entries of histograms are as many as suggestions, so they are added up here, and
// grouped by the number of their row and not by its dimensions.
const sql = `
with entries as (
  select
    coalesce(s.function_name, new_series[2]) as function_name, coalesce(s.model, new_series[4]) as model,
    coalesce(s.prompt_version, new_series[5]) as prompt_version, coalesce(s.environment, new_series[3]) as environment,
    confidence_band, hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from uptake_recomputed($1, $2, $3, true) r
  left join metric_series s on s.id = r.series_id
),
chosen as materialized (
  select
    ($4::integer[])[width_bucket(hour, $4::integer[])] as bucket_hour,
    case when $5::boolean then function_name else '' end as function_name,
    case when $6::boolean then model else '' end as model,
    case when $7::boolean then prompt_version else '' end as prompt_version,
    case when $8::boolean then environment else '' end as environment,
    case when $9::boolean then coalesce(confidence_band, -1) else -1 end as confidence_band,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from entries
  where ($10::text is null or function_name = uptake_dimension($10)) and ($11::text is null or model = uptake_dimension($11))
    and ($12::text is null or prompt_version = uptake_dimension($12)) and ($13::text is null or environment = uptake_dimension($13))
),
counted as materialized (
  select
    row_number() over ()::integer as row_id, bucket_hour, function_name, model, prompt_version, environment, confidence_band,
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
  from chosen
  group by bucket_hour, function_name, model, prompt_version, environment, confidence_band
  having sum(suggestion_count) <> 0
),
placed as materialized (
  select
    row_id,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from chosen
  join counted using (bucket_hour, function_name, model, prompt_version, environment, confidence_band)
),
bucketed as (
  select row_id, kind, bucket, sum(n)::integer as n, sum(ppm) as ppm
  from placed
  cross join lateral (
    select 1, l.*, 0 from unnest(latency_buckets, latency_counts) l
    union all
    select 2, t.*, 0 from unnest(first_token_buckets, first_token_counts) t
    union all
    select 3, f.*, 0 from unnest(feedback_time_buckets, feedback_time_counts) f
    union all
    select 4, c.* from unnest(confidence_keys, confidence_counts, confidence_ppm_sums) c
  ) entry (kind, bucket, n, ppm)
  group by row_id, kind, bucket
  having sum(n) <> 0
),
histograms as (
  select
    row_id,
    array_agg(bucket order by bucket) filter (where kind = 1) as latency_buckets,
    array_agg(n order by bucket) filter (where kind = 1) as latency_counts,
    array_agg(bucket order by bucket) filter (where kind = 2) as first_token_buckets,
    array_agg(n order by bucket) filter (where kind = 2) as first_token_counts,
    array_agg(bucket order by bucket) filter (where kind = 3) as feedback_time_buckets,
    array_agg(n order by bucket) filter (where kind = 3) as feedback_time_counts,
    array_agg(bucket order by bucket) filter (where kind = 4) as confidence_keys,
    array_agg(n order by bucket) filter (where kind = 4) as confidence_counts,
    array_agg(ppm::bigint order by bucket) filter (where kind = 4) as confidence_ppm_sums
  from bucketed
  group by row_id
),
failures as (
  select
    row_id,
    array_agg(type order by type collate "C") as error_types,
    array_agg(n order by type collate "C") as error_type_counts
  from (
    select row_id, type, sum(n)::integer as n
    from placed
    cross join lateral unnest(error_types, error_type_counts) e (type, n)
      group by row_id, type
    having sum(n) <> 0
  ) by_type
  group by row_id
)
select
  bucket_hour as "bucketHour", function_name as "functionName", model, prompt_version as "promptVersion", environment,
  nullif(confidence_band, -1) as "confidenceBand",
  c.suggestion_count as "suggestionCount",
  c.completed_count as "completedCount",
  c.error_count as "errorCount",
  c.shown_count as "shownCount",
  c.shown_decided_count as "shownDecidedCount",
  c.accepted_count as "acceptedCount",
  c.revised_count as "revisedCount",
  c.rejected_count as "rejectedCount",
  c.expired_count as "expiredCount",
  c.latency_count as "latencyCount",
  c.latency_ms_sum as "latencyMsSum",
  c.input_tokens_sum as "inputTokensSum",
  c.output_tokens_sum as "outputTokensSum",
  c.input_tokens_known_count as "inputTokensKnownCount",
  c.output_tokens_known_count as "outputTokensKnownCount",
  c.cost_usd_sum as "costUsdSum",
  c.cost_known_count as "costKnownCount",
  c.completed_cost_known_count as "completedCostKnownCount",
  c.kept_ratio_ppm_sum as "keptRatioPpmSum",
  c.kept_ratio_count as "keptRatioCount",
  c.squared_error_ppm_sum as "squaredErrorPpmSum",
  c.open_count as "openCount",
  coalesce(h.latency_buckets, '{}') as "latencyBuckets",
  coalesce(h.latency_counts, '{}') as "latencyCounts",
  coalesce(h.first_token_buckets, '{}') as "firstTokenBuckets",
  coalesce(h.first_token_counts, '{}') as "firstTokenCounts",
  coalesce(h.feedback_time_buckets, '{}') as "feedbackTimeBuckets",
  coalesce(h.feedback_time_counts, '{}') as "feedbackTimeCounts",
  coalesce(h.confidence_keys, '{}') as "confidenceKeys",
  coalesce(h.confidence_counts, '{}') as "confidenceCounts",
  coalesce(h.confidence_ppm_sums, '{}') as "confidencePpmSums",
  coalesce(f.error_types, '{}') as "errorTypes",
  coalesce(f.error_type_counts, '{}') as "errorTypeCounts"
from counted c
left join histograms h using (row_id)
left join failures f using (row_id)
order by bucket_hour, function_name, model, prompt_version, environment, confidence_band`;

/** The sums of the selection from its suggestions, every one of which it reads; split by anything, ordered as in `by`. */
export function readRawSums(db: Queryable, selection: MetricsSelection): Promise<readonly MetricsSums[]> {
  const { projectId, fromHour, toHour, bucketStarts, by, only } = selection;
  const split = [by.function, by.model, by.promptVersion, by.environment, by.confidenceBand];
  return db.query<MetricsSums>(sql, [projectId, fromHour, toHour, bucketStarts, ...split, ...only]);
}
