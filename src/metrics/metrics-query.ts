import { invalidInput } from "../domain/errors.ts";
import { hourFrom, hourOf } from "../domain/hour.ts";
import type { MetricsSelection } from "../store/queries/read-metrics.ts";
import { DIMENSIONS, type Dimension } from "./metrics-row.ts";

/** How metrics are grouped in time: by UTC hour, by UTC day, or not at all. */
export type Bucket = "hour" | "day" | "total";
export const BUCKETS: readonly Bucket[] = ["hour", "day", "total"];

/**
 * Which metrics to read. Metrics are kept by whole UTC hours, so the range is widened to them: `from` down, `to` up;
 * the hour that starts at `to` is not included. A day that the range cuts holds only the hours within the range.
 */
export type MetricsQuery = {
  readonly projectId: string;
  readonly from: Date;
  readonly to: Date;
  readonly bucket: Bucket;
  /** One row for each combination of these that occurs; none of them is one row a bucket. */
  readonly by: readonly Dimension[];
};

/** The query as the store takes it. Throws {@link UptakeError} `invalid_input` that names the field. */
export function selectionOf({ projectId, from, to, bucket, by }: MetricsQuery): MetricsSelection {
  requireMoment(from, "from");
  requireMoment(to, "to");
  if (from.getTime() >= to.getTime()) {
    const got = `${from.toISOString()} to ${to.toISOString()}`;
    throw invalidInput("metrics.to", `the range ${got} is empty; to must lie after from`);
  }
  requireOneOf(bucket, BUCKETS, "bucket");
  for (const dimension of by) requireOneOf(dimension, DIMENSIONS, "by");
  return {
    projectId,
    fromHour: hourOf(from),
    toHour: hourFrom(to),
    bucket,
    by: {
      function: by.includes("function"),
      model: by.includes("model"),
      promptVersion: by.includes("promptVersion"),
      environment: by.includes("environment"),
    },
  };
}

function requireMoment(value: Date, field: string): void {
  if (Number.isNaN(value.getTime())) {
    throw invalidInput(`metrics.${field}`, "is not a time; expected one such as 2026-03-01T00:00:00Z");
  }
}

function requireOneOf(value: string, allowed: readonly string[], field: string): void {
  if (!allowed.includes(value)) {
    throw invalidInput(`metrics.${field}`, `got ${JSON.stringify(value)}; expected one of ${allowed.join(", ")}`);
  }
}
