import type { Queryable } from "../store/database.ts";
import { recomputeMetricsSums } from "../store/queries/recompute-metrics.ts";
import { type MetricsQuery, selectionOf } from "./metrics-query.ts";
import { type MetricsRow, toMetricsRow } from "./metrics-row.ts";

/**
 * The same rows as `readMetrics`, recomputed from the suggestions instead of read from the rollup: what the rollup is
 * checked against. Reads every suggestion of the range.
 */
export async function recomputeMetrics(db: Queryable, query: MetricsQuery): Promise<MetricsRow[]> {
  const sums = await recomputeMetricsSums(db, selectionOf(query));
  return sums.map((row) => toMetricsRow(row, query.by));
}
