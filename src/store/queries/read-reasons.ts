import type { Queryable } from "../database.ts";
import type { MetricsSelection } from "./read-metrics.ts";

// As in read-metrics.ts: the rows of hours and of whole days and the deltas that wait, in one snapshot.
const sql = `
with entries as (
  select s.function_name, s.model, s.prompt_version, s.environment, hour, outcome, reason, suggestion_count
  from ai_feedback_reasons_hourly m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1) and hour >= $2::integer and hour < least($3::integer, $13::integer * 24)
    and $2::integer < $13::integer * 24
  union all
  select s.function_name, s.model, s.prompt_version, s.environment, hour, outcome, reason, suggestion_count
  from ai_feedback_reasons_hourly m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1) and hour >= greatest($2::integer, $14::integer * 24) and hour < $3::integer
    and $14::integer * 24 < $3::integer
  union all
  select s.function_name, s.model, s.prompt_version, s.environment, day * 24, outcome, reason, suggestion_count
  from ai_feedback_reasons_daily m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1) and day >= $13::integer and day < $14::integer
  union all
  select
    coalesce(s.function_name, new_series[2]), coalesce(s.model, new_series[4]),
    coalesce(s.prompt_version, new_series[5]), coalesce(s.environment, new_series[3]), hour, outcome, reason,
    suggestion_count
  from rollup_reason_deltas d
  left join metric_series s on s.id = d.series_id
  where coalesce(s.project_id, new_series[1]) = uptake_dimension($1) and hour >= $2::integer and hour < $3::integer
)
select
  ($4::integer[])[width_bucket(hour, $4::integer[])] as "bucketHour",
  case when $5::boolean then function_name else '' end as "functionName",
  case when $6::boolean then model else '' end as model,
  case when $7::boolean then prompt_version else '' end as "promptVersion",
  case when $8::boolean then environment else '' end as environment,
  null as "confidenceBand",
  outcome, reason, sum(suggestion_count) as "suggestionCount"
from entries
where ($9::text is null or function_name = uptake_dimension($9)) and ($10::text is null or model = uptake_dimension($10))
  and ($11::text is null or prompt_version = uptake_dimension($11)) and ($12::text is null or environment = uptake_dimension($12))
group by 1, 2, 3, 4, 5, 7, 8
having sum(suggestion_count) <> 0
order by 1, 2, 3, 4, 5, 9 desc, 8, 7`;

/** How many suggestions were revised or rejected for a reason; for the empty one: whatever the reason. */
export type ReasonCount = {
  readonly bucketHour: number;
  readonly functionName: string;
  readonly model: string;
  readonly promptVersion: string;
  readonly environment: string;
  readonly confidenceBand: null;
  readonly outcome: "revised" | "rejected";
  readonly reason: string;
  readonly suggestionCount: number;
};

/** The reasons of the selection, by the hour in which the person decided. */
export function readReasonCounts(db: Queryable, selection: MetricsSelection): Promise<readonly ReasonCount[]> {
  const { projectId, fromHour, toHour, bucketStarts, by, only, fromDay, toDay } = selection;
  const split = [by.function, by.model, by.promptVersion, by.environment];
  return db.query<ReasonCount>(sql, [projectId, fromHour, toHour, bucketStarts, ...split, ...only, fromDay, toDay]);
}
