import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { CalibrationAnswer } from "../../../src/contract/calibration-answer.ts";
import type { MetricsAnswer } from "../../../src/contract/metrics-answer.ts";
import type { ReasonsAnswer } from "../../../src/contract/reasons-answer.ts";
import type { SurvivalAnswer } from "../../../src/contract/survival-answer.ts";
import type { Filters } from "../url/filters.ts";
import type { Range } from "../url/range.ts";
import { pathWith, request } from "./request.ts";

export type MetricsRow = MetricsAnswer["rows"][number];
export type ReasonRow = ReasonsAnswer["rows"][number];
export type CalibrationRow = CalibrationAnswer["rows"][number];
export type SurvivalRow = SurvivalAnswer["rows"][number];
export type Rate = MetricsRow["successRate"];
export type Dimension = MetricsAnswer["by"][number];

export type Question = {
  readonly range: Range;
  readonly bucket: MetricsAnswer["bucket"];
  readonly by?: readonly Dimension[];
  /** Whose percentiles are wanted: most of what an answer costs. None when left out. */
  readonly durations?: "latency" | "none";
};

/** The path of a question: the filters, and the range asked for instead of theirs. */
export const metricsPath = (
  route: string,
  { zone, only }: Filters,
  { range, bucket, by = [], durations }: Question,
): string =>
  pathWith(`/v1/${route}`, {
    from: range.from.toISOString(),
    to: range.to.toISOString(),
    bucket,
    by: by.join(","),
    zone,
    durations,
    ...only,
  });

/** The rows of an answer; while another question is asked, the answer to the last one stays. */
function useRows<Row>(path: string): UseQueryResult<readonly Row[]> {
  return useQuery({
    queryKey: [path],
    queryFn: async ({ signal }) => (await request<{ readonly rows: readonly Row[] }>(path, signal)).rows,
    placeholderData: keepPreviousData,
  });
}

export const useMetrics = (filters: Filters, question: Question): UseQueryResult<readonly MetricsRow[]> =>
  useRows<MetricsRow>(metricsPath("metrics", filters, { durations: "none", ...question }));

/** Of the whole range, as those below. */
export const useReasons = (filters: Filters): UseQueryResult<readonly ReasonRow[]> =>
  useRows<ReasonRow>(metricsPath("reasons", filters, { range: filters.range, bucket: "total" }));

export const useCalibration = (filters: Filters): UseQueryResult<readonly CalibrationRow[]> =>
  useRows<CalibrationRow>(metricsPath("calibration", filters, { range: filters.range, bucket: "total" }));

export const useSurvival = (filters: Filters): UseQueryResult<readonly SurvivalRow[]> =>
  useRows<SurvivalRow>(metricsPath("survival", filters, { range: filters.range, bucket: "total" }));
