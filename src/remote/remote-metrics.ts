import type { CalibrationAnswer } from "../contract/calibration-answer.ts";
import type { MetricsAnswer } from "../contract/metrics-answer.ts";
import type { ReasonsAnswer } from "../contract/reasons-answer.ts";
import type { SurvivalAnswer } from "../contract/survival-answer.ts";
import { invalidInput } from "../domain/errors.ts";
import type { MetricsRequest } from "../domain/metrics-request.ts";
import type { MetricsRow } from "../metrics/metrics-row.ts";
import type { CalibrationRow } from "../metrics/read-calibration.ts";
import type { ReasonRow } from "../metrics/read-reasons.ts";
import type { SurvivalRow } from "../metrics/read-survival.ts";
import type { Connection } from "./connection.ts";
import { tryAgain } from "./try-again.ts";

export type RemoteMetrics = {
  readMetrics(request: MetricsRequest): Promise<MetricsRow[]>;
  readReasons(request: MetricsRequest): Promise<ReasonRow[]>;
  readCalibration(request: MetricsRequest): Promise<CalibrationRow[]>;
  readSurvival(request: MetricsRequest): Promise<SurvivalRow[]>;
};

/** The metrics of the key's project, over HTTP: the same rows, with dates where they have dates. */
export function createRemoteMetrics(connection: Connection): RemoteMetrics {
  const read = async (name: string, request: MetricsRequest): Promise<unknown> => {
    const query = queryOf(request);
    return tryAgain(() => connection.get(`/v1/${name}`, query));
  };
  return {
    readMetrics: async (request) => ((await read("metrics", request)) as MetricsAnswer).rows.map(withDates),
    readReasons: async (request) => ((await read("reasons", request)) as ReasonsAnswer).rows.map(withDates),
    readCalibration: async (request) => ((await read("calibration", request)) as CalibrationAnswer).rows.map(withDates),
    readSurvival: async (request) => ((await read("survival", request)) as SurvivalAnswer).rows,
  };
}

const withDates = <Row extends { readonly bucketStart: string; readonly bucketEnd: string }>(row: Row) => ({
  ...row,
  bucketStart: new Date(row.bucketStart),
  bucketEnd: new Date(row.bucketEnd),
});

/** The question as a query string puts it; none of the durations is `none`. */
function queryOf({ from, to, bucket, by, only, zone, durations }: MetricsRequest) {
  return {
    from: instantOf(from, "metrics.from"),
    to: instantOf(to, "metrics.to"),
    bucket,
    by: by.join(","),
    zone,
    durations: durations?.length === 0 ? "none" : durations?.join(","),
    ...only,
  };
}

function instantOf(date: Date, place: string): string {
  if (Number.isNaN(date.getTime())) throw invalidInput(place, "is no valid Date");
  return date.toISOString();
}
