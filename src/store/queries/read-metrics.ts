import type { MetricsBucket, MetricsDimension } from "../../domain/metrics-request.ts";
import type { Queryable } from "../database.ts";

// The hours' rows and the deltas that still wait, in one statement and so in one snapshot: a roll that commits
// meanwhile is seen wholly or not at all, and the running hour is live. '' stands for a dimension that is unknown or
// that nobody asked for.
const sql = `
with entries as (
  select
    s.function_name, s.model, s.prompt_version, s.environment, hour,
    suggestion_count, completed_count, error_count, shown_count, accepted_count, revised_count, rejected_count,
    expired_count, latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, kept_ratio_ppm_sum, kept_ratio_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets,
    feedback_time_counts
  from ai_metrics_hourly m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1) and hour >= $2::integer and hour < $3::integer
  union all
  select
    coalesce(s.function_name, new_series[2]), coalesce(s.model, new_series[4]),
    coalesce(s.prompt_version, new_series[5]), coalesce(s.environment, new_series[3]), hour,
    suggestion_count, completed_count, error_count, shown_count, accepted_count, revised_count, rejected_count,
    expired_count, latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, kept_ratio_ppm_sum, kept_ratio_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets,
    feedback_time_counts
  from rollup_deltas d
  left join metric_series s on s.id = d.series_id
  where coalesce(s.project_id, new_series[1]) = uptake_dimension($1) and hour >= $2::integer and hour < $3::integer
),
chosen as materialized (
  select
    case $4::text when 'hour' then hour when 'day' then floor(hour / 24.0)::integer * 24 else $2::integer end as bucket_hour,
    case when $5::boolean then function_name else '' end as function_name,
    case when $6::boolean then model else '' end as model,
    case when $7::boolean then prompt_version else '' end as prompt_version,
    case when $8::boolean then environment else '' end as environment,
    suggestion_count, completed_count, error_count, shown_count, accepted_count, revised_count, rejected_count,
    expired_count, latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, kept_ratio_ppm_sum, kept_ratio_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets,
    feedback_time_counts
  from entries
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
    select 'latency', l.* from unnest(latency_buckets, latency_counts) l
    union all
    select 'first_token', t.* from unnest(first_token_buckets, first_token_counts) t
    union all
    select 'feedback_time', f.* from unnest(feedback_time_buckets, feedback_time_counts) f
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

/** What to count: one project, hours from `fromHour` up to but not including `toHour`, split by what is true in `by`. */
export type MetricsSelection = {
  readonly projectId: string;
  readonly fromHour: number;
  readonly toHour: number;
  readonly bucket: MetricsBucket;
  readonly by: Readonly<Record<MetricsDimension, boolean>>;
};

/** Counts, sums and histograms of one bucket and combination of dimensions. Sums are over the rows that know the value. */
export type MetricsSums = {
  /** The hour that the bucket starts with. */
  readonly bucketHour: number;
  readonly functionName: string;
  readonly model: string;
  readonly promptVersion: string;
  readonly environment: string;
  readonly suggestionCount: number;
  readonly completedCount: number;
  readonly errorCount: number;
  readonly shownCount: number;
  readonly acceptedCount: number;
  readonly revisedCount: number;
  readonly rejectedCount: number;
  readonly expiredCount: number;
  readonly latencyCount: number;
  readonly latencyMsSum: number;
  readonly inputTokensSum: number;
  readonly outputTokensSum: number;
  readonly inputTokensKnownCount: number;
  readonly outputTokensKnownCount: number;
  readonly costUsdSum: number;
  readonly costKnownCount: number;
  readonly keptRatioPpmSum: number;
  readonly keptRatioCount: number;
  readonly latencyBuckets: readonly number[];
  readonly latencyCounts: readonly number[];
  readonly firstTokenBuckets: readonly number[];
  readonly firstTokenCounts: readonly number[];
  readonly feedbackTimeBuckets: readonly number[];
  readonly feedbackTimeCounts: readonly number[];
};

/** The selection as parameters $1 to $8, the same for every statement that answers with {@link MetricsSums}. */
export const selectionValues = ({ projectId, fromHour, toHour, bucket, by }: MetricsSelection): readonly unknown[] => [
  projectId,
  fromHour,
  toHour,
  bucket,
  by.function,
  by.model,
  by.promptVersion,
  by.environment,
];

/** The rolled-up metrics, the waiting deltas included; by bucket, then by dimensions. Empty combinations are left out. */
export function readMetricsSums(db: Queryable, selection: MetricsSelection): Promise<readonly MetricsSums[]> {
  return db.query<MetricsSums>(sql, selectionValues(selection));
}
