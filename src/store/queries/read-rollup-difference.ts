import type { Queryable } from "../database.ts";

// The figures as one object, since only those that differ are of interest; arrays follow their histogram's name.
const sql = `
select
  d.hour,
  coalesce(s.project_id, new_series[1]) as "projectId",
  coalesce(s.function_name, new_series[2]) as "functionName",
  coalesce(s.environment, new_series[3]) as environment,
  coalesce(s.model, new_series[4]) as model,
  coalesce(s.prompt_version, new_series[5]) as "promptVersion",
  jsonb_build_object(
    'suggestionCount', d.suggestion_count,
    'completedCount', d.completed_count,
    'errorCount', d.error_count,
    'shownCount', d.shown_count,
    'shownDecidedCount', d.shown_decided_count,
    'acceptedCount', d.accepted_count,
    'revisedCount', d.revised_count,
    'rejectedCount', d.rejected_count,
    'expiredCount', d.expired_count,
    'latencyCount', d.latency_count,
    'latencyMsSum', d.latency_ms_sum,
    'inputTokensSum', d.input_tokens_sum,
    'outputTokensSum', d.output_tokens_sum,
    'inputTokensKnownCount', d.input_tokens_known_count,
    'outputTokensKnownCount', d.output_tokens_known_count,
    'costUsdSum', d.cost_usd_sum,
    'costKnownCount', d.cost_known_count,
    'completedCostKnownCount', d.completed_cost_known_count,
    'keptRatioPpmSum', d.kept_ratio_ppm_sum,
    'keptRatioCount', d.kept_ratio_count,
    'squaredErrorPpmSum', d.squared_error_ppm_sum,
    'openCount', d.open_count
  ) as figures,
  array_remove(array[
    case when cardinality(d.latency_buckets) > 0 then 'latencyHistogram' end,
    case when cardinality(d.first_token_buckets) > 0 then 'timeToFirstTokenHistogram' end,
    case when cardinality(d.feedback_time_buckets) > 0 then 'timeToFeedbackHistogram' end,
    case when cardinality(d.confidence_keys) > 0 then 'confidenceHistogram' end,
    case when cardinality(d.error_types) > 0 then 'errorTypes' end
  ], null) as histograms
from uptake_rollup_difference($1, $2) d
left join metric_series s on s.id = d.series_id
order by 1, 2, 3, 4, 5, 6`;

/** An hour of a series whose rows do not come to what its suggestions do. */
export type RollupDifferenceRow = {
  readonly hour: number;
  readonly projectId: string;
  readonly functionName: string;
  readonly environment: string;
  readonly model: string;
  readonly promptVersion: string;
  /** What is missing, by figure; 0 where nothing is. */
  readonly figures: Readonly<Record<string, number>>;
  /** The distributions in which something is missing or too much. */
  readonly histograms: readonly string[];
};

/** Compares the hours with the suggestions made in them, in one snapshot. Reads every suggestion of the range. */
export function readRollupDifference(
  db: Queryable,
  fromHour: number,
  toHour: number,
): Promise<readonly RollupDifferenceRow[]> {
  return db.query<RollupDifferenceRow>(sql, [fromHour, toHour]);
}
