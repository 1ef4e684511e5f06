import type { Queryable } from "../database.ts";
import type { MetricsSelection } from "./read-metrics.ts";

// From the suggestions themselves: how long one has been open is not in the rollup. Neither failed nor running ones,
// which nobody can judge, nor those whose feedback is stamped no later than themselves, nor what went out without a person:
// that waits for nobody.
const sql = `
select
  case when $4::boolean then uptake_dimension(function_name) else '' end as "functionName",
  case when $5::boolean then uptake_dimension(model) else '' end as model,
  case when $6::boolean then uptake_dimension(prompt_version) else '' end as "promptVersion",
  case when $7::boolean then uptake_dimension(environment) else '' end as environment,
  case when $8::boolean then uptake_confidence_band(uptake_confidence_ppm(status, confidence_score::real)) end as "confidenceBand",
  outcome in ('accepted', 'revised', 'rejected') as "isDecided",
  uptake_bucket(extract(epoch from waited.until - waited.since)::double precision * 1000) as bucket,
  count(*) as count
from ai_suggestions
cross join lateral (
  select coalesce(shown_at, created_at) as since,
    case when outcome in ('accepted', 'revised', 'rejected') then decided_at else $9::timestamptz end as until
) waited
where project_id = $1 and created_at >= to_timestamp($2::integer::double precision * 3600)
  and created_at < to_timestamp($3::integer::double precision * 3600)
  and status in ('completed', 'accepted', 'rejected') and outcome <> 'auto_sent' and waited.until > waited.since
  and ($10::text is null or uptake_dimension(function_name) = uptake_dimension($10))
  and ($11::text is null or uptake_dimension(model) = uptake_dimension($11))
  and ($12::text is null or uptake_dimension(prompt_version) = uptake_dimension($12))
  and ($13::text is null or uptake_dimension(environment) = uptake_dimension($13))
group by 1, 2, 3, 4, 5, 6, 7
order by 1, 2, 3, 4, 5, 7, 6`;

/** How many suggestions waited for about so long; `bucket` as in a histogram. */
export type WaitCount = {
  readonly functionName: string;
  readonly model: string;
  readonly promptVersion: string;
  readonly environment: string;
  readonly confidenceBand: number | null;
  /** Until their first feedback event; else until now, and they still wait. */
  readonly isDecided: boolean;
  readonly bucket: number;
  readonly count: number;
};

/** How long the suggestions of the selection waited for feedback, or have been waiting at `now`. Reads every one of them. */
export function readWaits(db: Queryable, selection: MetricsSelection, now: Date): Promise<readonly WaitCount[]> {
  const { projectId, fromHour, toHour, by, only } = selection;
  const split = [by.function, by.model, by.promptVersion, by.environment, by.confidenceBand];
  return db.query<WaitCount>(sql, [projectId, fromHour, toHour, ...split, now, ...only]);
}
