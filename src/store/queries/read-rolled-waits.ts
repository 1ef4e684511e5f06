import type { Queryable } from "../database.ts";
import { parseHistograms } from "../histogram-text.ts";
import type { MetricsSelection } from "./read-metrics.ts";
import type { WaitCount } from "./read-waits.ts";

// In one snapshot, as in read-metrics.ts: histograms of the time to feedback from whole days, and from the hours at the range's
// ends; open ones by the hour, and by the day where that is long ago. When an open one was made is known no better, so
// it has been waiting since the middle of its hour (day). '' stands for a dimension that is unknown or that nobody asked for.
const sql = `
with entries as (
  select
    s.function_name, s.model, s.prompt_version, s.environment, hour + 0.5::double precision as middle, open_count,
    feedback_time_buckets::text || feedback_time_counts::text as times
  from ai_metrics_hourly m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1)
    and case $8 when 'project' then s.function_name is null when 'function' then s.function_name is not null and s.environment is null else s.environment is not null end
    and hour >= $2::integer and hour < least($3::integer, $9::integer * 24)
  union all
  select
    s.function_name, s.model, s.prompt_version, s.environment, hour + 0.5::double precision, open_count,
    case when hour >= $11::integer * 24 then feedback_time_buckets::text || feedback_time_counts::text else '' end
  from ai_metrics_hourly m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1)
    and case $8 when 'project' then s.function_name is null when 'function' then s.function_name is not null and s.environment is null else s.environment is not null end
    and hour >= greatest($2::integer, $10::integer * 24) and hour < $3::integer
  union all
  select
    s.function_name, s.model, s.prompt_version, s.environment, day * 24 + 12::double precision,
    case when day < $10::integer then open_count else 0 end,
    feedback_time_buckets::text || feedback_time_counts::text
  from ai_metrics_daily m
  join metric_series s on s.id = m.series_id
  where s.project_id = uptake_dimension($1)
    and case $8 when 'project' then s.function_name is null when 'function' then s.function_name is not null and s.environment is null else s.environment is not null end
    and day >= $9::integer and day < $11::integer
  union all
  select
    coalesce(s.function_name, new_series[2]), coalesce(s.model, new_series[4]),
    coalesce(s.prompt_version, new_series[5]), coalesce(s.environment, new_series[3]),
    case when hour >= $9::integer * 24 and hour < $10::integer * 24 then floor(hour / 24.0) * 24 + 12 else hour + 0.5 end::double precision,
    open_count,
    feedback_time_buckets::text || feedback_time_counts::text
  from rollup_deltas d
  left join metric_series s on s.id = d.series_id
  where coalesce(s.project_id, new_series[1]) = uptake_dimension($1) and hour >= $2::integer and hour < $3::integer
)
select
  case when $4::boolean then function_name else '' end as "functionName",
  case when $5::boolean then model else '' end as model,
  case when $6::boolean then prompt_version else '' end as "promptVersion",
  case when $7::boolean then environment else '' end as environment,
  uptake_bucket($12::double precision - middle * 3600000) as bucket,
  sum(open_count) as "openCount",
  string_agg(times, '') as times
from entries
where ($13::text is null or function_name = uptake_dimension($13)) and ($14::text is null or model = uptake_dimension($14))
  and ($15::text is null or prompt_version = uptake_dimension($15)) and ($16::text is null or environment = uptake_dimension($16))
group by 1, 2, 3, 4, 5`;

/** Open suggestions of the days from `fromDay` up to but not including `openToDay` are told by the day; others by the hour. */
export type RolledWaitsSelection = MetricsSelection & { readonly openToDay: number };

type Dimensions = Pick<WaitCount, "functionName" | "model" | "promptVersion" | "environment">;
type Row = Dimensions & { readonly bucket: number; readonly openCount: number; readonly times: string };

/**
 * The same as {@link readWaits} from the rollup: times to feedback as they are there, and the open ones waiting since the middle
 * of the hour or day in which they were made. All of these must be over at `now`.
 */
export async function readRolledWaits(
  db: Queryable,
  selection: RolledWaitsSelection,
  now: Date,
): Promise<readonly WaitCount[]> {
  const { projectId, fromHour, toHour, by, level, fromDay, openToDay, toDay, only } = selection;
  const split = [by.function, by.model, by.promptVersion, by.environment];
  const place = [projectId, fromHour, toHour, ...split, level, fromDay, openToDay, toDay, now.getTime()];
  const rows = await db.query<Row>(sql, [...place, ...only]);
  return [...timesOf(rows), ...rows.filter(({ openCount }) => openCount !== 0).map(openOf)];
}

const openOf = ({ functionName, model, promptVersion, environment, bucket, openCount }: Row): WaitCount => ({
  functionName,
  model,
  promptVersion,
  environment,
  confidenceBand: null,
  isDecided: false,
  bucket,
  count: openCount,
});

/** Each combination's histograms added up before they are told one by one: there are as many as hours and days. */
function timesOf(rows: readonly Row[]): readonly WaitCount[] {
  const textOf = new Map<string, { readonly dimensions: Dimensions; text: string }>();
  for (const { functionName, model, promptVersion, environment, times } of rows) {
    if (times === "") continue;
    const name = JSON.stringify([functionName, model, promptVersion, environment]);
    const known = textOf.get(name);
    if (known === undefined) {
      textOf.set(name, { dimensions: { functionName, model, promptVersion, environment }, text: times });
    } else known.text += times;
  }
  return [...textOf.values()].flatMap(({ dimensions, text }) => {
    const { buckets, counts } = parseHistograms(text);
    return buckets.map((bucket, i) => ({
      ...dimensions,
      confidenceBand: null,
      isDecided: true,
      bucket,
      count: counts[i] ?? 0,
    }));
  });
}
