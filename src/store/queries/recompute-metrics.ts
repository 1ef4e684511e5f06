import type { Queryable } from "../database.ts";
import { type MetricsSelection, type MetricsSums, selectionValues } from "./read-metrics.ts";

// The same shape as the rolled-up metrics, from the suggestions themselves and the one definition of a contribution.
const sql = `
with chosen as materialized (
  select
    case $4::text when 'hour' then c.hour when 'day' then floor(c.hour / 24.0)::integer * 24 else $2::integer end as bucket_hour,
    case when $5::boolean then uptake_dimension(s.function_name) else '' end as function_name,
    case when $6::boolean then uptake_dimension(s.model) else '' end as model,
    case when $7::boolean then uptake_dimension(s.prompt_version) else '' end as prompt_version,
    case when $8::boolean then uptake_dimension(s.environment) else '' end as environment,
    c.*
  from ai_suggestions s
  cross join lateral uptake_contribution(
    row(s.project_id, s.function_name, s.environment, s.model, s.prompt_version, s.created_at, s.status, s.outcome,
      s.shown_at, s.decided_at, s.latency_ms, s.time_to_first_token_ms, s.input_tokens, s.output_tokens, s.cost_usd,
      s.kept_ratio)::uptake_measured
  ) c
  where s.project_id = $1
    and s.created_at >= to_timestamp($2::integer::double precision * 3600) and s.created_at < to_timestamp($3::integer::double precision * 3600)
),
counted as (
  select
    bucket_hour, function_name, model, prompt_version, environment,
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
  from chosen
  group by bucket_hour, function_name, model, prompt_version, environment
  having sum(suggestion_count) <> 0
),
bucketed as (
  select bucket_hour, function_name, model, prompt_version, environment, kind, bucket, sum(n)::integer as n
  from chosen
  cross join lateral (
    select 'latency', latency_bucket, 1 where latency_bucket is not null
    union all
    select 'first_token', first_token_bucket, 1 where first_token_bucket is not null
    union all
    select 'feedback_time', feedback_time_bucket, 1 where feedback_time_bucket is not null
  ) entry (kind, bucket, n)
  group by bucket_hour, function_name, model, prompt_version, environment, kind, bucket
  having sum(n) <> 0
),
histograms as (
  select
    bucket_hour, function_name, model, prompt_version, environment,
    array_agg(bucket order by bucket) filter (where kind = 'latency') as latency_buckets,
    array_agg(n order by bucket) filter (where kind = 'latency') as latency_counts,
    array_agg(bucket order by bucket) filter (where kind = 'first_token') as first_token_buckets,
    array_agg(n order by bucket) filter (where kind = 'first_token') as first_token_counts,
    array_agg(bucket order by bucket) filter (where kind = 'feedback_time') as feedback_time_buckets,
    array_agg(n order by bucket) filter (where kind = 'feedback_time') as feedback_time_counts
  from bucketed
  group by bucket_hour, function_name, model, prompt_version, environment
)
select
  bucket_hour as "bucketHour",
  function_name as "functionName", model, prompt_version as "promptVersion", environment,
  c.suggestion_count as "suggestionCount",
  c.completed_count as "completedCount",
  c.error_count as "errorCount",
  c.shown_count as "shownCount",
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
  c.kept_ratio_ppm_sum as "keptRatioPpmSum",
  c.kept_ratio_count as "keptRatioCount",
  coalesce(h.latency_buckets, '{}') as "latencyBuckets",
  coalesce(h.latency_counts, '{}') as "latencyCounts",
  coalesce(h.first_token_buckets, '{}') as "firstTokenBuckets",
  coalesce(h.first_token_counts, '{}') as "firstTokenCounts",
  coalesce(h.feedback_time_buckets, '{}') as "feedbackTimeBuckets",
  coalesce(h.feedback_time_counts, '{}') as "feedbackTimeCounts"
from counted c
left join histograms h using (bucket_hour, function_name, model, prompt_version, environment)
order by bucket_hour, function_name, model, prompt_version, environment`;

/** What the rollup must come to: the same selection recomputed from `ai_suggestions`. Reads every suggestion of the range. */
export function recomputeMetricsSums(db: Queryable, selection: MetricsSelection): Promise<readonly MetricsSums[]> {
  return db.query<MetricsSums>(sql, selectionValues(selection));
}
