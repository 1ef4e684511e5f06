import { type Hour, startOfHour } from "../../domain/hour.ts";
import type { Queryable } from "../database.ts";

/** One of the host's metrics in one hour, as its table holds it. */
export type HostMetric = {
  readonly hour: number;
  readonly metricType: string;
  readonly metricName: string;
  readonly value: number;
  readonly dimension: string | null;
  readonly dimensionValue: string | null;
  /** What a rate is made of; null for a mean's numerator. */
  readonly numerator: number | null;
  readonly denominator: number;
};

// The host's five metrics, by the hour of the act, over the acts that decide: a changed mind counts once, where it changed.
// An hour without a known value has no row: its column is not null, and zero would be a lie. One hour a statement, and its
// bounds as values: of a list of hours the planner cannot tell how few rows they hold, and reads both tables whole.
// A reason counts once an act, and one of any length fits into the host's index, cut as the rollup has it.
const sql = `
  with standing as materialized (
    select distinct on (s.id)
      s.outcome, s.deciding_reasons as reasons, s.confidence_score as confidence, extract(epoch from e.time_to_feedback) as seconds
    from ai_feedback_events e
    join ai_suggestions s on s.id = e.suggestion_id and s.project_id = e.project_id and s.deciding_feedback_at = e.created_at
    where e.created_at >= $2 and e.created_at < $3 and e.project_id = $4 and s.outcome in ('accepted', 'revised', 'rejected')
    order by s.id, e.source = 'explicit' desc, e.id desc
  ),
  acts as materialized (
    select *, case outcome when 'accepted' then 'approval' when 'revised' then 'revision' else 'rejection' end as type
    from (
      select outcome, reasons, confidence, seconds from standing
      union all
      select outcome, deciding_reasons, confidence_score, extract(epoch from time_to_feedback)
      from dropped_acts
      where deciding_feedback_at >= $2 and deciding_feedback_at < $3 and project_id = $4
    ) act
  ),
  by_reason as (
    select reason, count(*) as n, count(*) filter (where outcome = 'rejected') as rejected
    from acts
    cross join lateral (select distinct uptake_dimension(given) from unnest(reasons) given where given is not null) each_once (reason)
    group by reason
  )
  select $1::integer as hour, 'feedback' as "metricType", 'overall_acceptance_rate' as "metricName",
    count(*) filter (where outcome = 'accepted') / count(*)::numeric as value,
    null as dimension, null as "dimensionValue",
    count(*) filter (where outcome = 'accepted') as numerator, count(*) as denominator
  from acts having count(*) > 0
  union all
  select $1, 'feedback', 'rejection_rate_by_reason', rejected / n::numeric, 'feedback_reason', reason, rejected, n
  from by_reason
  union all
  select $1, 'feedback', 'feedback_reason_count', n, 'feedback_reason', reason, n, n
  from by_reason
  union all
  select $1, 'feedback', 'avg_confidence_score', avg(confidence)::numeric, 'feedback_type', type, null, count(confidence)
  from acts group by type having count(confidence) > 0
  union all
  select $1, 'feedback', 'avg_time_to_feedback_seconds', avg(seconds), null, null, null, count(seconds)
  from acts having count(seconds) > 0
`;

/** The host's metrics of an hour, for one project. */
export const readActs = (db: Queryable, hour: Hour, projectId: string): Promise<readonly HostMetric[]> =>
  db.query<HostMetric>(sql, [hour, startOfHour(hour), startOfHour(hour + 1), projectId]);
