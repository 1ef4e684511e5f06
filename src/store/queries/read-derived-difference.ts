import type { Queryable } from "../database.ts";

const sql = `
with rows as (
  select
    false as is_day, m.hour as period, m.series_id,
    m.suggestion_count, m.completed_count, m.error_count, m.shown_count, m.shown_decided_count, m.accepted_count, m.revised_count, m.rejected_count, m.expired_count,
    m.latency_count, m.latency_ms_sum, m.input_tokens_sum, m.output_tokens_sum, m.input_tokens_known_count, m.output_tokens_known_count,
    m.cost_usd_sum, m.cost_known_count, m.completed_cost_known_count, m.kept_ratio_ppm_sum, m.kept_ratio_count, m.squared_error_ppm_sum, m.open_count,
    m.latency_buckets, m.latency_counts, m.first_token_buckets, m.first_token_counts, m.feedback_time_buckets, m.feedback_time_counts,
    m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums, m.error_types, m.error_type_counts
  from ai_metrics_hourly m
  join metric_series s on s.id = m.series_id and s.environment is null
  where m.hour >= $1::integer * 24 and m.hour < $2::integer * 24
  union all
  select
    true as is_day, m.day as period, m.series_id,
    m.suggestion_count, m.completed_count, m.error_count, m.shown_count, m.shown_decided_count, m.accepted_count, m.revised_count, m.rejected_count, m.expired_count,
    m.latency_count, m.latency_ms_sum, m.input_tokens_sum, m.output_tokens_sum, m.input_tokens_known_count, m.output_tokens_known_count,
    m.cost_usd_sum, m.cost_known_count, m.completed_cost_known_count, m.kept_ratio_ppm_sum, m.kept_ratio_count, m.squared_error_ppm_sum, m.open_count,
    m.latency_buckets, m.latency_counts, m.first_token_buckets, m.first_token_counts, m.feedback_time_buckets, m.feedback_time_counts,
    m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums, m.error_types, m.error_type_counts
  from ai_metrics_daily m
  where m.day >= $1::integer and m.day < $2::integer
),
-- Histograms in order: a row may hold an entry twice (uptake_may_append).
kept as (
  select
    r.is_day, r.period, r.series_id,
    r.suggestion_count, r.completed_count, r.error_count, r.shown_count, r.shown_decided_count, r.accepted_count, r.revised_count, r.rejected_count, r.expired_count,
    r.latency_count, r.latency_ms_sum, r.input_tokens_sum, r.output_tokens_sum, r.input_tokens_known_count, r.output_tokens_known_count,
    r.cost_usd_sum, r.cost_known_count, r.completed_cost_known_count, r.kept_ratio_ppm_sum, r.kept_ratio_count, r.squared_error_ppm_sum, r.open_count,
    l.*, t.*, f.*, c.*, e.*
  from rows r
  cross join lateral uptake_add_histograms('{}', '{}', r.latency_buckets, r.latency_counts) l (latency_buckets, latency_counts)
  cross join lateral uptake_add_histograms('{}', '{}', r.first_token_buckets, r.first_token_counts) t (first_token_buckets, first_token_counts)
  cross join lateral uptake_add_histograms('{}', '{}', r.feedback_time_buckets, r.feedback_time_counts) f (feedback_time_buckets, feedback_time_counts)
  cross join lateral uptake_add_confidences('{}', '{}', '{}', r.confidence_keys, r.confidence_counts, r.confidence_ppm_sums)
    c (confidence_keys, confidence_counts, confidence_ppm_sums)
  cross join lateral uptake_add_error_types('{}', '{}', r.error_types, r.error_type_counts) e (error_types, error_type_counts)
)
select
  coalesce(kept.is_day, must.is_day) as "isDay",
  coalesce(kept.period, must.period) as period,
  s.project_id as "projectId", s.function_name as "functionName", s.environment, s.model,
  s.prompt_version as "promptVersion",
  coalesce(must.suggestion_count, 0) - coalesce(kept.suggestion_count, 0) as "suggestionCount"
from kept
full join uptake_rollup_sums($1, $2) must using (is_day, period, series_id)
join metric_series s on s.id = series_id
where kept is distinct from must
order by 1, 2, 3, 4 nulls first, 5, 6, 7`;

/** A day, or an hour of a project's total, that is not the sum of its hours. In a total every dimension is null. */
export type DerivedDifferenceRow = {
  readonly isDay: boolean;
  /** UTC days since 1970, else hours. */
  readonly period: number;
  readonly projectId: string;
  readonly functionName: string | null;
  readonly environment: string | null;
  readonly model: string | null;
  readonly promptVersion: string | null;
  /** Missing suggestions; 0 where it is another figure that differs. */
  readonly suggestionCount: number;
};

/** Compares the days and totals of whole days with the sums of their hours' rows, in one snapshot. */
export function readDerivedDifference(
  db: Queryable,
  fromDay: number,
  toDay: number,
): Promise<readonly DerivedDifferenceRow[]> {
  return db.query<DerivedDifferenceRow>(sql, [fromDay, toDay]);
}
