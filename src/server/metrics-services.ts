import type { MetricsAnswer } from "../cli/services.ts";
import type { MetricsView } from "../domain/metrics-request.ts";
import { calibrationTable } from "../metrics/calibration-table.ts";
import { calibrationCsv, metricsCsv, reasonsCsv, survivalCsv } from "../metrics/csv.ts";
import type { MetricsQuery } from "../metrics/metrics-query.ts";
import { readCalibration } from "../metrics/read-calibration.ts";
import { readMetrics } from "../metrics/read-metrics.ts";
import { readReasons } from "../metrics/read-reasons.ts";
import { readSurvival } from "../metrics/read-survival.ts";
import { reasonsTable } from "../metrics/reasons-table.ts";
import { survivalTable } from "../metrics/survival-table.ts";
import { metricsTable } from "../metrics/table.ts";
import type { Queryable } from "../store/database.ts";

/** Reads one view of the metrics and says it in every form that `uptake metrics` prints. */
export async function answerMetrics(db: Queryable, query: MetricsQuery, view: MetricsView): Promise<MetricsAnswer> {
  const { by } = query;
  if (view === "reasons") {
    const rows = await readReasons(db, query);
    return { rows, table: reasonsTable(rows, query), csv: reasonsCsv(rows, by) };
  }
  if (view === "calibration") {
    const rows = await readCalibration(db, query);
    return { rows, table: calibrationTable(rows, query), csv: calibrationCsv(rows, by) };
  }
  if (view === "survival") {
    const rows = await readSurvival(db, query);
    return { rows, table: survivalTable(rows, query), csv: survivalCsv(rows, by) };
  }
  const rows = await readMetrics(db, query);
  return { rows, table: metricsTable(rows, query, view), csv: metricsCsv(rows, by) };
}
