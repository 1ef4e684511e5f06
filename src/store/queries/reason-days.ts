import type { Queryable } from "../database.ts";
import type { ReasonDifferenceRow } from "./read-reason-difference.ts";

const differenceSql = `
select
  d.day, s.project_id as "projectId", s.function_name as "functionName", s.environment, s.model,
  s.prompt_version as "promptVersion", d.outcome, d.reason, d.suggestion_count as "suggestionCount"
from uptake_reason_day_difference($1, $2) d
join metric_series s on s.id = d.series_id
order by 1, 2, 3, 4, 5, 6, 7, 8`;

/** A day's count of a reason that is not the sum of its hours; `suggestionCount` are missing. */
export type ReasonDayDifferenceRow = Omit<ReasonDifferenceRow, "hour"> & {
  /** UTC days since 1970. */
  readonly day: number;
};

/** Compares the days' reasons with the sums of their hours', in one snapshot. */
export function readReasonDayDifference(
  db: Queryable,
  fromDay: number,
  toDay: number,
): Promise<readonly ReasonDayDifferenceRow[]> {
  return db.query<ReasonDayDifferenceRow>(differenceSql, [fromDay, toDay]);
}

// As in rebuild-derived.ts: rollers wait for the lock, writers for nobody.
const lock = "lock table ai_feedback_reasons_hourly, ai_feedback_reasons_daily in share row exclusive mode";

const clear = "delete from ai_feedback_reasons_daily where day >= $1::integer and day < $2::integer";

const insert = `
insert into ai_feedback_reasons_daily (day, series_id, outcome, reason, suggestion_count)
select floor(hour / 24.0)::integer as day, series_id, outcome, reason, sum(suggestion_count)
from ai_feedback_reasons_hourly
where hour >= $1::integer * 24 and hour < $2::integer * 24
group by day, series_id, outcome, reason`;

/** Makes the reasons of whole days anew from those of their hours. To be called in a transaction. */
export async function rebuildReasonDays(tx: Queryable, fromDay: number, toDay: number): Promise<void> {
  await tx.query(lock);
  for (const sql of [clear, insert]) await tx.query(sql, [fromDay, toDay]);
}
