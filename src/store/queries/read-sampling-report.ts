import type { SamplingReport } from "../../domain/mirror-report.ts";
import type { Queryable } from "../database.ts";

type Row = Omit<SamplingReport, "dailyUnitLimit">;

const sql = `
  select
    (
      select coalesce(json_agg(json_build_object('rule', rule, 'traceCount', count) order by count desc, rule), '[]')
      from (
        select kept_by as rule, count(*) as count
        from langfuse_deliveries
        where kept_by is not null and ($1::text is null or project_id = $1)
        group by kept_by
      ) kept
    ) as kept,
    (
      select coalesce(json_agg(json_build_object('rule', rule, 'traceCount', count, 'feedbackCount', feedback_count)
        order by count desc, rule), '[]')
      from (
        select rule, count(*) as count, sum(feedback_count) as feedback_count
        from langfuse_left_out
        where $1::text is null or project_id = $1
        group by rule
      ) left_out
    ) as "leftOut",
    (
      select sum(unit_count)::bigint
      from langfuse_days
      where day = (now() at time zone 'UTC')::date and ($1::text is null or project_id = $1)
    ) as "unitsToday"
`;

/** What sampling has decided, in one project or in all; a pass over the ledger, so only for those who look. */
export async function readSamplingReport(
  db: Queryable,
  dailyUnitLimit: number | null,
  projectId?: string,
): Promise<SamplingReport> {
  const [row] = await db.query<Row>(sql, [projectId ?? null]);
  return { kept: [], leftOut: [], unitsToday: null, ...row, dailyUnitLimit };
}
