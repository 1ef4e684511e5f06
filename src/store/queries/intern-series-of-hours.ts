import type { Queryable } from "../database.ts";

// As in intern-series.ts, of suggestions that lie there already: grouping by one number is a fraction of the work of
// grouping by five texts.
const sql = `
with wanted as (
  select project_id, function_name, environment, model, prompt_version
  from ai_suggestions
  where created_at >= to_timestamp($1::integer::double precision * 3600)
    and created_at < to_timestamp($2::integer::double precision * 3600)
  group by project_id, function_name, environment, model, prompt_version
)
insert into metric_series (project_id, function_name, environment, model, prompt_version)
select distinct series.*
from wanted w
cross join lateral (
  values (uptake_dimension(w.project_id), uptake_dimension(w.function_name), uptake_dimension(w.environment),
      uptake_dimension(w.model), uptake_dimension(w.prompt_version)),
    (uptake_dimension(w.project_id), uptake_dimension(w.function_name), null, null, null),
    (uptake_dimension(w.project_id), null, null, null, null)
) series (project_id, function_name, environment, model, prompt_version)
where not exists (
  select from metric_series s
  where (s.project_id, s.function_name, s.environment, s.model, s.prompt_version) is not distinct from series
)
order by 1, 2, 3, 4, 5
on conflict do nothing`;

/** Makes the series of the suggestions made in these hours. */
export async function internSeriesOfHours(db: Queryable, fromHour: number, toHour: number): Promise<void> {
  await db.query(sql, [fromHour, toHour]);
}
