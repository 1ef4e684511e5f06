import type { Queryable } from "../database.ts";

// A statement and so a transaction of its own, milliseconds long: a series that another roller is just making is
// waited for no longer than that, and the roll after it sees it. A project's total, all dimensions null, and
// those of its functions, all but theirs null, are made with their first series.
const sql = `
with wanted as (
  select new_series from rollup_deltas where series_id is null
  union
  select new_series from rollup_reason_deltas where series_id is null
)
insert into metric_series (project_id, function_name, environment, model, prompt_version)
select distinct series.*
from wanted
cross join lateral (
  values (new_series[1], new_series[2], new_series[3], new_series[4], new_series[5]),
    (new_series[1], new_series[2], null, null, null), (new_series[1], null, null, null, null)
) series (project_id, function_name, environment, model, prompt_version)
where not exists (
  select from metric_series s
  where (s.project_id, s.function_name, s.environment, s.model, s.prompt_version) is not distinct from series
)
order by 1, 2, 3, 4, 5
on conflict do nothing`;

/** Makes the series of waiting deltas that were written before there was one. */
export async function internSeries(db: Queryable): Promise<void> {
  await db.query(sql);
}
