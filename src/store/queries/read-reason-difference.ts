import type { Queryable } from "../database.ts";

const sql = `
select
  d.hour,
  coalesce(s.project_id, new_series[1]) as "projectId",
  coalesce(s.function_name, new_series[2]) as "functionName",
  coalesce(s.environment, new_series[3]) as environment,
  coalesce(s.model, new_series[4]) as model,
  coalesce(s.prompt_version, new_series[5]) as "promptVersion",
  d.outcome, d.reason, d.suggestion_count as "suggestionCount"
from uptake_reason_difference($1, $2) d
left join metric_series s on s.id = d.series_id
order by 1, 2, 3, 4, 5, 6, 7, 8`;

/** An hour's count of a reason that does not come to what its suggestions do; `suggestionCount` are missing. */
export type ReasonDifferenceRow = {
  readonly hour: number;
  readonly projectId: string;
  readonly functionName: string;
  readonly environment: string;
  readonly model: string;
  readonly promptVersion: string;
  readonly outcome: string;
  readonly reason: string;
  readonly suggestionCount: number;
};

/** Compares the hours' reasons with the suggestions decided in them, in one snapshot. */
export function readReasonDifference(
  db: Queryable,
  fromHour: number,
  toHour: number,
): Promise<readonly ReasonDifferenceRow[]> {
  return db.query<ReasonDifferenceRow>(sql, [fromHour, toHour]);
}
