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
// An hour without a known value has no row: its column is not null, and zero would be a lie.
const sql = `
  with due as materialized (
    select hour, to_timestamp(hour * 3600.0) as start from unnest($1::integer[]) as hour
  ),
  standing as materialized (
    select distinct on (s.id)
      due.hour, s.outcome, s.deciding_reasons as reasons, s.confidence_score as confidence,
      extract(epoch from e.time_to_feedback) as seconds
    from due
    join ai_feedback_events e on e.created_at >= due.start and e.created_at < due.start + interval '1 hour'
    join ai_suggestions s on s.id = e.suggestion_id and s.project_id = e.project_id and s.deciding_feedback_at = e.created_at
    where e.project_id = $2 and s.outcome in ('accepted', 'revised', 'rejected')
    order by s.id, e.source = 'explicit' desc, e.id desc
  ),
  acts as materialized (
    select *, case outcome when 'accepted' then 'approval' when 'revised' then 'revision' else 'rejection' end as type
    from (
      select hour, outcome, reasons, confidence, seconds from standing
      union all
      select due.hour, d.outcome, d.deciding_reasons, d.confidence_score, extract(epoch from d.time_to_feedback)
      from due
      join dropped_acts d
        on d.deciding_feedback_at >= due.start and d.deciding_feedback_at < due.start + interval '1 hour'
      where d.project_id = $2
    ) act
  ),
  by_reason as (
    select hour, reason, count(*) as n, count(*) filter (where outcome = 'rejected') as rejected
    from acts cross join lateral unnest(reasons) as reason
    group by hour, reason
  )
  select hour, 'feedback' as "metricType", 'overall_acceptance_rate' as "metricName",
    count(*) filter (where outcome = 'accepted') / count(*)::numeric as value,
    null as dimension, null as "dimensionValue",
    count(*) filter (where outcome = 'accepted') as numerator, count(*) as denominator
  from acts group by hour
  union all
  select hour, 'feedback', 'rejection_rate_by_reason', rejected / n::numeric, 'feedback_reason', reason, rejected, n
  from by_reason
  union all
  select hour, 'feedback', 'feedback_reason_count', n, 'feedback_reason', reason, n, n
  from by_reason
  union all
  select hour, 'feedback', 'avg_confidence_score', avg(confidence)::numeric, 'feedback_type', type, null, count(confidence)
  from acts group by hour, type having count(confidence) > 0
  union all
  select hour, 'feedback', 'avg_time_to_feedback_seconds', avg(seconds), null, null, null, count(seconds)
  from acts group by hour having count(seconds) > 0
`;

/** The host's metrics of these hours, for one project. */
export const readActsByHour = (
  db: Queryable,
  hours: readonly number[],
  projectId: string,
): Promise<readonly HostMetric[]> => db.query<HostMetric>(sql, [hours, projectId]);
