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

/** Eighty years of days, three and a half of hours: every one is a row, whether anything happened in it or not. */
const MAX_BUCKETS = 30_000;
/** Some hundred megabytes while they are answered, of which five may be under way. */
const MAX_ROWS = 50_000;
const HOURS_A_BUCKET = { hour: 1, day: 24, total: Number.POSITIVE_INFINITY } as const;
const FEWER = "more than are read at once; give a shorter range, longer buckets (day, total) or fewer names in by";

/** Throws {@link UptakeError} `invalid_input` for more rows than can be read at once. */
export function checkRowCount(bucketCount: number, combinationCount: number): void {
  const count = bucketCount * combinationCount;
  if (count > MAX_ROWS) throw invalidInput("metrics.by", `${count} rows are in this range, ${FEWER}`);
}

/** Throws {@link UptakeError} `invalid_input` that names the field which makes no sense. */
export function checkQuery({ from, to, bucket, by, zone, durations = [] }: MetricsQuery): void {
  requireMoment(from, "from");
  requireMoment(to, "to");
  if (from.getTime() >= to.getTime()) {
    const got = `${from.toISOString()} to ${to.toISOString()}`;
    throw invalidInput("metrics.to", `the range ${got} is empty; to must lie after from`);
  }
  requireOneOf(bucket, metricsBuckets, "bucket");
  const count = (hourFrom(to) - hourOf(from)) / HOURS_A_BUCKET[bucket];
  if (count > MAX_BUCKETS) {
    throw invalidInput("metrics.bucket", `${Math.ceil(count)} ${bucket}s are between from and to, ${FEWER}`);
  }
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
