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

const mend = `
insert into ai_feedback_reasons_daily as m (day, series_id, outcome, reason, suggestion_count)
select day, series_id, outcome, reason, suggestion_count from uptake_reason_day_difference($1, $2)
on conflict (series_id, day, outcome, reason) do update set
  suggestion_count = m.suggestion_count + excluded.suggestion_count`;

/** Adds to the reasons of whole days what they lack of their hours'. To be called in a transaction. */
export async function mendReasonDays(tx: Queryable, fromDay: number, toDay: number): Promise<void> {
  await tx.query(lock);
  await tx.query(mend, [fromDay, toDay]);
}
