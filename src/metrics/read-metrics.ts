import type { Queryable } from "../store/database.ts";
import { readMetricsSums } from "../store/queries/read-metrics.ts";
import { type MetricsQuery, selectionOf } from "./metrics-query.ts";
import { type MetricsRow, toMetricsRow } from "./metrics-row.ts";

/**
 * The metrics of a project, ordered by bucket and then by dimensions; up to date to the last commit, whether rolled up
 * yet or not. A bucket without suggestions has no row. Throws {@link UptakeError} `invalid_input` for a query that
 * makes no sense.
 *
 *     await readMetrics(db, { projectId: "default", from, to, bucket: "day", by: ["function"] });
 */
export async function readMetrics(db: Queryable, query: MetricsQuery): Promise<MetricsRow[]> {
  const sums = await readMetricsSums(db, selectionOf(query));
  return sums.map((row) => toMetricsRow(row, query.by));
}
