import type { Queryable } from "../database.ts";

// A statement and so a transaction of its own, milliseconds long: a series that another roller is just making is
// waited for no longer than that, and the roll after it sees it.
const sql = `
insert into metric_series (project_id, function_name, environment, model, prompt_version)
select distinct new_series[1], new_series[2], new_series[3], new_series[4], new_series[5]
from rollup_deltas d
where series_id is null
  and not exists (
    select from metric_series s
    where s.project_id = d.new_series[1] and s.function_name = d.new_series[2] and s.environment = d.new_series[3]
      and s.model = d.new_series[4] and s.prompt_version = d.new_series[5]
  )
order by 1, 2, 3, 4, 5
on conflict do nothing`;

/** Makes the series of waiting deltas that were written before there was one. */
export async function internSeries(db: Queryable): Promise<void> {
  await db.query(sql);
}
