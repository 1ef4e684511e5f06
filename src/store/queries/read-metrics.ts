import { type Histogram, mergeHistograms } from "../../domain/histogram.ts";
import type { MetricsDimension, MetricsDuration } from "../../domain/metrics-request.ts";
import { parseIntegerLists } from "../array-text.ts";
import type { Queryable } from "../database.ts";
import { parseHistograms } from "../histogram-text.ts";

// The rows of hours and of whole days and the deltas that still wait, in one statement and so in one snapshot: a roll
// that commits meanwhile is seen wholly or not at all, and the running hour is live. '' stands for a dimension that is
// unknown or that nobody asked for. Histograms come as the text of their arrays, one after the other, and are added up by
// whoever asked: for a tenth of what unnesting, grouping and collecting their entries costs here. Those that nobody asked for are
// left out before rows are sorted: with them a month of days does not fit into the memory of a sort.
const sql = `
with entries as (
  select
    s.function_name, s.model, s.prompt_version, s.environment, hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    case when $12::boolean then latency_buckets::text || latency_counts::text end as latency,
    case when $13::boolean then first_token_buckets::text || first_token_counts::text end as first_token,
    case when $14::boolean then feedback_time_buckets::text || feedback_time_counts::text end as feedback_time,
    case when $15::boolean then confidence_keys::text || confidence_counts::text || confidence_ppm_sums::text end as confidence,
    error_types, error_type_counts
  from ai_metrics_hourly m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1)
    and case $9 when 'project' then s.function_name is null when 'function' then s.function_name is not null and s.environment is null else s.environment is not null end
    and hour >= $2::integer and hour < least($3::integer, $10::integer * 24) and $2::integer < $10::integer * 24
  union all
  select
    s.function_name, s.model, s.prompt_version, s.environment, hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    case when $12::boolean then latency_buckets::text || latency_counts::text end as latency,
    case when $13::boolean then first_token_buckets::text || first_token_counts::text end as first_token,
    case when $14::boolean then feedback_time_buckets::text || feedback_time_counts::text end as feedback_time,
    case when $15::boolean then confidence_keys::text || confidence_counts::text || confidence_ppm_sums::text end as confidence,
    error_types, error_type_counts
  from ai_metrics_hourly m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1)
    and case $9 when 'project' then s.function_name is null when 'function' then s.function_name is not null and s.environment is null else s.environment is not null end
    and hour >= greatest($2::integer, $11::integer * 24) and hour < $3::integer and $11::integer * 24 < $3::integer
  union all
  select
    s.function_name, s.model, s.prompt_version, s.environment, day * 24,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    case when $12::boolean then latency_buckets::text || latency_counts::text end as latency,
    case when $13::boolean then first_token_buckets::text || first_token_counts::text end as first_token,
    case when $14::boolean then feedback_time_buckets::text || feedback_time_counts::text end as feedback_time,
    case when $15::boolean then confidence_keys::text || confidence_counts::text || confidence_ppm_sums::text end as confidence,
    error_types, error_type_counts
  from ai_metrics_daily m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1)
    and case $9 when 'project' then s.function_name is null when 'function' then s.function_name is not null and s.environment is null else s.environment is not null end
    and day >= $10::integer and day < $11::integer
  union all
  select
    coalesce(s.function_name, new_series[2]), coalesce(s.model, new_series[4]),
    coalesce(s.prompt_version, new_series[5]), coalesce(s.environment, new_series[3]), hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count,
    cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    case when $12::boolean then latency_buckets::text || latency_counts::text end as latency,
    case when $13::boolean then first_token_buckets::text || first_token_counts::text end as first_token,
    case when $14::boolean then feedback_time_buckets::text || feedback_time_counts::text end as feedback_time,
    case when $15::boolean then confidence_keys::text || confidence_counts::text || confidence_ppm_sums::text end as confidence,
    error_types, error_type_counts
  from rollup_deltas d
  left join metric_series s on s.id = d.series_id
  where coalesce(s.project_id, new_series[1]) = uptake_dimension($1) and hour >= $2::integer and hour < $3::integer
)
select
  ($4::integer[])[width_bucket(hour, $4::integer[])] as "bucketHour",
  case when $5::boolean then function_name else '' end as "functionName",
  case when $6::boolean then model else '' end as model,
  case when $7::boolean then prompt_version else '' end as "promptVersion",
  case when $8::boolean then environment else '' end as environment,
  sum(suggestion_count) as "suggestionCount",
  sum(completed_count) as "completedCount",
  sum(error_count) as "errorCount",
  sum(shown_count) as "shownCount",
  sum(shown_decided_count) as "shownDecidedCount",
  sum(accepted_count) as "acceptedCount",
  sum(revised_count) as "revisedCount",
  sum(rejected_count) as "rejectedCount",
  sum(expired_count) as "expiredCount",
  sum(latency_count) as "latencyCount",
  sum(latency_ms_sum) as "latencyMsSum",
  sum(input_tokens_sum) as "inputTokensSum",
  sum(output_tokens_sum) as "outputTokensSum",
  sum(input_tokens_known_count) as "inputTokensKnownCount",
  sum(output_tokens_known_count) as "outputTokensKnownCount",
  sum(cost_usd_sum) as "costUsdSum",
  sum(cost_known_count) as "costKnownCount",
  sum(completed_cost_known_count) as "completedCostKnownCount",
  sum(kept_ratio_ppm_sum) as "keptRatioPpmSum",
  sum(kept_ratio_count) as "keptRatioCount",
  sum(squared_error_ppm_sum) as "squaredErrorPpmSum",
  sum(open_count) as "openCount",
  coalesce(string_agg(latency, ''), '') as latency,
  coalesce(string_agg(first_token, ''), '') as "firstToken",
  coalesce(string_agg(feedback_time, ''), '') as "feedbackTime",
  coalesce(string_agg(confidence, ''), '') as confidence,
  json_agg(json_build_array(error_types, error_type_counts)) filter (where cardinality(error_types) > 0) as errors
from entries
where ($16::text is null or function_name = uptake_dimension($16)) and ($17::text is null or model = uptake_dimension($17))
  and ($18::text is null or prompt_version = uptake_dimension($18)) and ($19::text is null or environment = uptake_dimension($19))
group by 1, 2, 3, 4, 5
having sum(suggestion_count) <> 0
order by 1, 2, 3, 4, 5`;

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
  /** Function, model, prompt version, environment: only rows of these; null leaves all in. */
  readonly only: readonly (string | null)[];
  /** Whose rows are read: the project's total, those of its functions, or all series; the first two know nothing finer. */
  readonly level: "project" | "function" | "series";
  /** Whose histograms are read; the others come back empty. */
  readonly durations: Readonly<Record<MetricsDuration, boolean>>;
  readonly hasConfidences: boolean;
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
  /** Completed and still without feedback, expired ones too, but none that went out without a person. */
  readonly openCount: number;
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

type Sums = Omit<
  MetricsSums,
  | "confidenceBand"
  | "latencyBuckets"
  | "latencyCounts"
  | "firstTokenBuckets"
  | "firstTokenCounts"
  | "feedbackTimeBuckets"
  | "feedbackTimeCounts"
  | "confidenceKeys"
  | "confidenceCounts"
  | "confidencePpmSums"
  | "errorTypes"
  | "errorTypeCounts"
>;

type Row = Sums & {
  /** Buckets and counts of each row that was added up, as in `{12,14}{3,1}{13}{2}`. */
  readonly latency: string;
  readonly firstToken: string;
  readonly feedbackTime: string;
  /** Keys, counts and sums of each row. */
  readonly confidence: string;
  readonly errors: readonly (readonly [types: readonly string[], counts: readonly number[]])[] | null;
};

/** The sums of the selection from the rollup, which is not split by confidence band, ordered by bucket and dimensions. */
export async function readMetricsSums(db: Queryable, selection: MetricsSelection): Promise<readonly MetricsSums[]> {
  const { projectId, fromHour, toHour, bucketStarts, by, level, fromDay, toDay, durations } = selection;
  const rows = await db.query<Row>(sql, [
    projectId,
    fromHour,
    toHour,
    bucketStarts,
    by.function,
    by.model,
    by.promptVersion,
    by.environment,
    level,
    fromDay,
    toDay,
    durations.latency,
    durations.timeToFirstToken,
    durations.timeToFeedback,
    selection.hasConfidences,
    ...selection.only,
  ]);
  return rows.map(toSums);
}

/** Names every field, as a row of `pg` with so many is a slow object, and spreading it takes longer than reading it. */
function toSums(row: Row): MetricsSums {
  const latency = parseHistograms(row.latency);
  const firstToken = parseHistograms(row.firstToken);
  const feedbackTime = parseHistograms(row.feedbackTime);
  const { confidenceKeys, confidenceCounts, confidencePpmSums } = confidencesIn(row.confidence);
  const failures = failuresIn(row.errors ?? []);
  return {
    bucketHour: row.bucketHour,
    functionName: row.functionName,
    model: row.model,
    promptVersion: row.promptVersion,
    environment: row.environment,
    confidenceBand: null,
    suggestionCount: row.suggestionCount,
    completedCount: row.completedCount,
    errorCount: row.errorCount,
    shownCount: row.shownCount,
    shownDecidedCount: row.shownDecidedCount,
    acceptedCount: row.acceptedCount,
    revisedCount: row.revisedCount,
    rejectedCount: row.rejectedCount,
    expiredCount: row.expiredCount,
    latencyCount: row.latencyCount,
    latencyMsSum: row.latencyMsSum,
    inputTokensSum: row.inputTokensSum,
    outputTokensSum: row.outputTokensSum,
    inputTokensKnownCount: row.inputTokensKnownCount,
    outputTokensKnownCount: row.outputTokensKnownCount,
    costUsdSum: row.costUsdSum,
    costKnownCount: row.costKnownCount,
    completedCostKnownCount: row.completedCostKnownCount,
    keptRatioPpmSum: row.keptRatioPpmSum,
    keptRatioCount: row.keptRatioCount,
    squaredErrorPpmSum: row.squaredErrorPpmSum,
    openCount: row.openCount,
    latencyBuckets: latency.buckets,
    latencyCounts: latency.counts,
    firstTokenBuckets: firstToken.buckets,
    firstTokenCounts: firstToken.counts,
    feedbackTimeBuckets: feedbackTime.buckets,
    feedbackTimeCounts: feedbackTime.counts,
    confidenceKeys,
    confidenceCounts,
    confidencePpmSums,
    errorTypes: failures.map(([type]) => type),
    errorTypeCounts: failures.map(([, count]) => count),
  };
}

function confidencesIn(text: string): Pick<MetricsSums, "confidenceKeys" | "confidenceCounts" | "confidencePpmSums"> {
  const lists = parseIntegerLists(text);
  const [counts, ppmSums]: [Histogram[], Histogram[]] = [[], []];
  for (let i = 0; i < lists.length; i += 3) {
    const buckets = lists[i] ?? [];
    counts.push({ buckets, counts: lists[i + 1] ?? [] });
    ppmSums.push({ buckets, counts: lists[i + 2] ?? [] });
  }
  const [held, sums] = [mergeHistograms(...counts), mergeHistograms(...ppmSums)];
  const sumOf = new Map(sums.buckets.map((key, i) => [key, sums.counts[i] ?? 0]));
  return {
    confidenceKeys: held.buckets,
    confidenceCounts: held.counts,
    confidencePpmSums: held.buckets.map((key) => sumOf.get(key) ?? 0),
  };
}

function failuresIn(errors: NonNullable<Row["errors"]>): (readonly [type: string, count: number])[] {
  const totals = new Map<string, number>();
  for (const [types, counts] of errors) {
    types.forEach((type, i) => totals.set(type, (totals.get(type) ?? 0) + (counts[i] ?? 0)));
  }
  return [...totals].filter(([, count]) => count !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
}
