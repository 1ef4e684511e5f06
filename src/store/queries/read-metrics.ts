import type { MetricsDimension } from "../../domain/metrics-request.ts";
import type { Queryable } from "../database.ts";

// The rows of hours and of whole days and the deltas that still wait, in one statement and so in one snapshot: a roll
// that commits meanwhile is seen wholly or not at all, and the running hour is live. Or, where $13, the suggestions
// themselves. '' stands for a dimension that is unknown or that nobody asked for, -1 for such a band. Entries of
// histograms are many, so they are grouped by the number of their row and not by its dimensions; where a row of
// the rollup is all there is, it is taken as it lies.
const sql = `
with entries as (
  select
    s.function_name, s.model, s.prompt_version, s.environment, null::smallint as confidence_band, true as is_added, hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from ai_metrics_hourly m
  join metric_series s on s.id = m.series_id
  where not $13::boolean and s.project_id = uptake_dimension($1) and (s.function_name is null) = $10::boolean
    and hour >= $2::integer and hour < least($3::integer, $11::integer * 24)
  union all
  select
    s.function_name, s.model, s.prompt_version, s.environment, null, true, hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from ai_metrics_hourly m
  join metric_series s on s.id = m.series_id
  where not $13::boolean and s.project_id = uptake_dimension($1) and (s.function_name is null) = $10::boolean
    and hour >= greatest($2::integer, $12::integer * 24) and hour < $3::integer
  union all
  select
    s.function_name, s.model, s.prompt_version, s.environment, null, true, day * 24,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from ai_metrics_daily m
  join metric_series s on s.id = m.series_id
  where not $13::boolean and s.project_id = uptake_dimension($1) and (s.function_name is null) = $10::boolean
    and day >= $11::integer and day < $12::integer
  union all
  select
    coalesce(s.function_name, new_series[2]), coalesce(s.model, new_series[4]),
    coalesce(s.prompt_version, new_series[5]), coalesce(s.environment, new_series[3]), null, false, hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from rollup_deltas d
  left join metric_series s on s.id = d.series_id
  where not $13::boolean and coalesce(s.project_id, new_series[1]) = uptake_dimension($1)
    and hour >= $2::integer and hour < $3::integer
  union all
  select
    coalesce(s.function_name, new_series[2]), coalesce(s.model, new_series[4]),
    coalesce(s.prompt_version, new_series[5]), coalesce(s.environment, new_series[3]), confidence_band, false, hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from uptake_recomputed($1, $2, $3) r
  left join metric_series s on s.id = r.series_id
  where $13::boolean
),
chosen as materialized (
  select
    ($4::integer[])[width_bucket(hour, $4::integer[])] as bucket_hour,
    case when $5::boolean then function_name else '' end as function_name,
    case when $6::boolean then model else '' end as model,
    case when $7::boolean then prompt_version else '' end as prompt_version,
    case when $8::boolean then environment else '' end as environment,
    case when $9::boolean then coalesce(confidence_band, -1) else -1 end as confidence_band,
    is_added,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  from entries
),
counted as materialized (
  select
    row_number() over ()::integer as row_id, count(*) = 1 and bool_and(is_added) as is_alone, bucket_hour, function_name, model, prompt_version, environment, confidence_band,
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
    sum(squared_error_ppm_sum) as squared_error_ppm_sum
  from chosen
  group by bucket_hour, function_name, model, prompt_version, environment, confidence_band
  having sum(suggestion_count) <> 0
),
placed as materialized (
  select
    row_id, is_alone,
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
  where not is_alone
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
    where not is_alone
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
  coalesce(a.latency_buckets, h.latency_buckets, '{}') as "latencyBuckets",
  coalesce(a.latency_counts, h.latency_counts, '{}') as "latencyCounts",
  coalesce(a.first_token_buckets, h.first_token_buckets, '{}') as "firstTokenBuckets",
  coalesce(a.first_token_counts, h.first_token_counts, '{}') as "firstTokenCounts",
  coalesce(a.feedback_time_buckets, h.feedback_time_buckets, '{}') as "feedbackTimeBuckets",
  coalesce(a.feedback_time_counts, h.feedback_time_counts, '{}') as "feedbackTimeCounts",
  coalesce(a.confidence_keys, h.confidence_keys, '{}') as "confidenceKeys",
  coalesce(a.confidence_counts, h.confidence_counts, '{}') as "confidenceCounts",
  coalesce(a.confidence_ppm_sums, h.confidence_ppm_sums, '{}') as "confidencePpmSums",
  coalesce(a.error_types, f.error_types, '{}') as "errorTypes",
  coalesce(a.error_type_counts, f.error_type_counts, '{}') as "errorTypeCounts"
from counted c
left join histograms h using (row_id)
left join failures f using (row_id)
left join placed a on a.row_id = c.row_id and a.is_alone
order by bucket_hour, function_name, model, prompt_version, environment, confidence_band`;

/**
 * What to count: one project, hours from `fromHour` up to but not including `toHour`, split by what is true in `by`.
 * Each hour goes to the last bucket that starts at it or before.
 */
export type MetricsSelection = {
  readonly projectId: string;
  readonly fromHour: number;
  readonly toHour: number;
  readonly bucketStarts: readonly number[];
  readonly by: Readonly<Record<MetricsDimension, boolean>>;
  /** From the suggestions instead of from the rollup. */
  readonly isRaw: boolean;
  /** From the project's total instead of from its series; only where nothing is split. */
  readonly isTotal: boolean;
  /** These whole days since 1970 are read as days; equal where none is. They lie within the range, or at its end. */
  readonly fromDay: number;
  readonly toDay: number;
};

/** Counts, sums and histograms of one bucket and combination of dimensions. Sums are over the rows that know the value. */
export type MetricsSums = {
  /** The hour that the bucket starts with. */
  readonly bucketHour: number;
  readonly functionName: string;
  readonly model: string;
  readonly promptVersion: string;
  readonly environment: string;
  /** 0 for [0, 0.1) to 9 for [0.9, 1]. */
  readonly confidenceBand: number | null;
  readonly suggestionCount: number;
  readonly completedCount: number;
  readonly errorCount: number;
  readonly shownCount: number;
  readonly shownDecidedCount: number;
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
  readonly completedCostKnownCount: number;
  readonly keptRatioPpmSum: number;
  readonly keptRatioCount: number;
  readonly squaredErrorPpmSum: number;
  readonly latencyBuckets: readonly number[];
  readonly latencyCounts: readonly number[];
  readonly firstTokenBuckets: readonly number[];
  readonly firstTokenCounts: readonly number[];
  readonly feedbackTimeBuckets: readonly number[];
  readonly feedbackTimeCounts: readonly number[];
  /** Band × 4 + 0 undecided, 1 accepted, 2 revised or 3 rejected; only of known confidences. */
  readonly confidenceKeys: readonly number[];
  readonly confidenceCounts: readonly number[];
  readonly confidencePpmSums: readonly number[];
  /** '' where the run did not say. */
  readonly errorTypes: readonly string[];
  readonly errorTypeCounts: readonly number[];
};

/** The metrics, the waiting deltas included; by bucket, then by dimensions. Empty combinations are left out. */
export function readMetricsSums(db: Queryable, selection: MetricsSelection): Promise<readonly MetricsSums[]> {
  const { projectId, fromHour, toHour, bucketStarts, by, isRaw, isTotal, fromDay, toDay } = selection;
  const split = [by.function, by.model, by.promptVersion, by.environment, by.confidenceBand];
  return db.query<MetricsSums>(sql, [
    projectId,
    fromHour,
    toHour,
    bucketStarts,
    ...split,
    isTotal,
    fromDay,
    toDay,
    isRaw,
  ]);
}
