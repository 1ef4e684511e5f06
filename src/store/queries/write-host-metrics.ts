import type { Queryable } from "../database.ts";
import type { HostMetric } from "./read-acts.ts";

/** The host's own rows of the same figures go as well: they say the same, less well. */
const clear = `
  delete from aggregated_metrics m
  using unnest($1::integer[]) as hour
  where uptake_writes_metric(m.metric_type, m.metric_name, m.dimension)
    and m.period_start = to_timestamp(hour * 3600.0)
    and m.period_end = to_timestamp(hour * 3600.0) + interval '1 hour'
`;

const write = `
  insert into aggregated_metrics (
    metric_type, metric_name, metric_value, dimension, dimension_value, period_start, period_end, metadata
  )
  select m."metricType", m."metricName", m.value, m.dimension, m."dimensionValue",
    to_timestamp(m.hour * 3600.0), to_timestamp(m.hour * 3600.0) + interval '1 hour',
    jsonb_build_object('writer', 'uptake', 'numerator', m.numerator, 'denominator', m.denominator)
  from json_to_recordset($1::json) as m (
    hour integer, "metricType" text, "metricName" text, value numeric, dimension text, "dimensionValue" text,
    numerator numeric, denominator numeric
  )
  -- One at a time and in one order: two writers that meet on an hour must not wait for each other.
  order by m.hour, m."metricType", m."metricName", m.dimension, m."dimensionValue"
  -- The key knows no end: a day's figure that the host keeps from the same moment on stays, and must not stop all the others.
  on conflict do nothing
`;

/** Replaces what stands for these hours, in the caller's transaction. */
export async function writeHostMetrics(
  tx: Queryable,
  hours: readonly number[],
  metrics: readonly HostMetric[],
): Promise<void> {
  await tx.query("select set_config('uptake.writes_metrics', 'on', true)");
  await tx.query(clear, [hours]);
  await tx.query(write, [JSON.stringify(metrics)]);
}
