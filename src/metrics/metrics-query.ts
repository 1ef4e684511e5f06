import { invalidInput } from "../domain/errors.ts";
import { hourFrom, hourOf } from "../domain/hour.ts";
import { metricsBuckets, metricsDimensions, metricsDurations, type MetricsRequest } from "../domain/metrics-request.ts";
import { parseZone, UTC } from "../domain/zone.ts";

/**
 * Which metrics to read. Metrics are kept by whole UTC hours, so the range is widened to them: `from` down, `to` up;
 * the hour that starts at `to` is not included. A day that the range cuts holds only the hours within the range.
 * There is one row for each combination of `by` that occurs; none of them is one row a bucket.
 */
export type MetricsQuery = MetricsRequest & {
  readonly projectId: string;
  /** When it is read, to tell which buckets are not over yet; now when left out. */
  readonly now?: Date | undefined;
};

/** The hours that a query means. */
export const hoursOf = ({ from, to }: MetricsQuery): { readonly fromHour: number; readonly toHour: number } => ({
  fromHour: hourOf(from),
  toHour: hourFrom(to),
});

/** Throws {@link UptakeError} `invalid_input` that names the field which makes no sense. */
export function checkQuery({ from, to, bucket, by, zone, durations = [] }: MetricsQuery): void {
  requireMoment(from, "from");
  requireMoment(to, "to");
  if (from.getTime() >= to.getTime()) {
    const got = `${from.toISOString()} to ${to.toISOString()}`;
    throw invalidInput("metrics.to", `the range ${got} is empty; to must lie after from`);
  }
  requireOneOf(bucket, metricsBuckets, "bucket");
  for (const dimension of by) requireOneOf(dimension, metricsDimensions, "by");
  for (const duration of durations) requireOneOf(duration, metricsDurations, "durations");
  parseZone(zone ?? UTC, "metrics.zone");
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
