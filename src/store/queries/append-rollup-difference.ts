import type { Queryable } from "../database.ts";

// In the order of hours, so that the roller, which takes some at a time, adds to each hour's totals once or twice and not with
// every batch.
const sql = `
insert into rollup_deltas (
  series_id, new_series, hour,
  suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
  latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
  cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
  latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
  confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
)
select
  series_id, new_series, hour,
  suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
  latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
  cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
  latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
  confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
from uptake_rollup_difference($1, $2)
order by hour`;

/** Appends what is missing from the hours as deltas, from one snapshot; two at once would append it twice. */
export async function appendRollupDifference(db: Queryable, fromHour: number, toHour: number): Promise<void> {
  await db.query(sql, [fromHour, toHour]);
}
