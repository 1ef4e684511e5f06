import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { MetricsRow as Row } from "../../../src/metrics/metrics-row.ts";
import type { Filters } from "../url/filters.ts";
import type { Range } from "../url/range.ts";
import { pathWith, type Query, request } from "./request.ts";

/** A row as JSON carries it: moments are texts. */
export type MetricsRow = Omit<Row, "bucketStart" | "bucketEnd"> & {
  readonly bucketStart: string;
  readonly bucketEnd: string;
};
export type Dimension = "function" | "model" | "promptVersion" | "environment" | "confidenceBand";
export type Question = {
  readonly range: Range;
  readonly bucket: "hour" | "day" | "total";
  readonly by?: readonly Dimension[];
};

/** The question as the API's query string has it: the filters, and the range asked for instead of theirs. */
export const metricsQueryOf = ({ zone, only }: Filters, { range, bucket, by = [] }: Question): Query => ({
  from: range.from.toISOString(),
  to: range.to.toISOString(),
  bucket,
  by: by.join(","),
  zone,
  ...only,
});

/** The metrics of the filtered suggestions; while another question is asked, the answer to the last one stays. */
export function useMetrics(filters: Filters, question: Question): UseQueryResult<readonly MetricsRow[]> {
  const path = pathWith("/v1/metrics", metricsQueryOf(filters, question));
  return useQuery({
    queryKey: [path],
    queryFn: async ({ signal }) => (await request<{ readonly rows: readonly MetricsRow[] }>(path, signal)).rows,
    placeholderData: keepPreviousData,
  });
}
