import type { Queryable } from "../database.ts";

// Rollers wait for the lock, in the order in which they take theirs; writers only append deltas and wait for nobody.
const lock = "lock table ai_metrics_hourly, ai_metrics_daily in share row exclusive mode";

const clearTotals = `
delete from ai_metrics_hourly m using metric_series s
where s.id = m.series_id and s.environment is null and m.hour >= $1::integer * 24 and m.hour < $2::integer * 24`;

const clearDays = "delete from ai_metrics_daily where day >= $1::integer and day < $2::integer";

const insertTotals = `
insert into ai_metrics_hourly (
  hour, series_id,
  suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
  latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
  cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
  latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
  confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
)
select
  period, series_id,
  suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
  latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
  cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
  latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
  confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
from uptake_rollup_sums($1, $2)
where not is_day`;

const insertDays = `
insert into ai_metrics_daily (
  day, series_id,
  suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
  latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
  cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
  latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
  confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
)
select
  period, series_id,
  suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
  latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
  cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
  latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
  confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
from uptake_rollup_sums($1, $2)
where is_day`;

/** Makes the days and totals of whole days anew from their hours' rows. To be called in a transaction. */
export async function rebuildDerived(tx: Queryable, fromDay: number, toDay: number): Promise<void> {
  await tx.query(lock);
  for (const sql of [clearTotals, clearDays, insertTotals, insertDays]) await tx.query(sql, [fromDay, toDay]);
}
