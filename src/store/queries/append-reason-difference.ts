import type { Queryable } from "../database.ts";

const sql = `
insert into rollup_reason_deltas (series_id, new_series, hour, outcome, reason, suggestion_count)
select series_id, new_series, hour, outcome, reason, suggestion_count from uptake_reason_difference($1, $2)`;

/** Appends what is missing from the hours' reasons as deltas, from one snapshot; two at once would append it twice. */
export async function appendReasonDifference(db: Queryable, fromHour: number, toHour: number): Promise<void> {
  await db.query(sql, [fromHour, toHour]);
}
