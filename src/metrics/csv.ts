import type { MetricsDimension } from "../domain/metrics-request.ts";
import type { CalibrationRow } from "./read-calibration.ts";
import type { MetricsRow, Rate } from "./metrics-row.ts";
import type { ReasonRow } from "./read-reasons.ts";
import type { SurvivalRow } from "./read-survival.ts";

type Value = string | number | boolean | Date | null;
type CsvRecord = Readonly<Record<string, Value>>;

/**
 * Records as CSV after RFC 4180: a header line, commas, CRLF, and quotes where a text needs them. Times are ISO 8601 in
 * UTC, and what is unknown is an empty field. Names come from the first record; without one the text is empty.
 */
export function toCsv(records: readonly CsvRecord[]): string {
  const [first] = records;
  if (first === undefined) return "";
  const names = Object.keys(first);
  const lines = [names, ...records.map((record) => names.map((name) => field(record[name] ?? null)))];
  return lines.map((fields) => `${fields.join(",")}\r\n`).join("");
}

function field(value: Value): string {
  if (value === null) return "";
  const text = value instanceof Date ? value.toISOString() : String(value);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

type Placed = Pick<MetricsRow, "bucketStart" | "bucketEnd" | "isPartial" | "dimensions">;

const placeOf = ({ bucketStart, bucketEnd, isPartial, dimensions }: Placed, by: readonly MetricsDimension[]) => ({
  bucketStart,
  bucketEnd,
  isPartial,
  ...dimensionFields(dimensions, by),
});

const dimensionFields = (dimensions: MetricsRow["dimensions"], by: readonly MetricsDimension[]): CsvRecord =>
  Object.fromEntries(by.map((name) => [name, dimensions[name] ?? null]));

const rateFields = (name: string, { numerator, denominator, value, low, high }: Rate): CsvRecord => ({
  [name]: value,
  [`${name}Numerator`]: numerator,
  [`${name}Denominator`]: denominator,
  [`${name}Low`]: low,
  [`${name}High`]: high,
});

/** Every figure of a row in a column of its own; the types of errors in one, as `TimeoutError=3;RateLimitError=1`. */
export function metricsCsv(rows: readonly MetricsRow[], by: readonly MetricsDimension[]): string {
  return toCsv(
    rows.map((row) => {
      const { bucketStart, bucketEnd, isPartial, dimensions, errorsByType, ...figures } = row;
      const { successRate, usableRate, coverage, errorRate, ...plain } = figures;
      return {
        ...placeOf({ bucketStart, bucketEnd, isPartial, dimensions }, by),
        ...plain,
        ...rateFields("successRate", successRate),
        ...rateFields("usableRate", usableRate),
        ...rateFields("coverage", coverage),
        ...rateFields("errorRate", errorRate),
        errorsByType: errorsByType.map(({ type, count }) => `${type ?? ""}=${count}`).join(";"),
      };
    }),
  );
}

export const reasonsCsv = (rows: readonly ReasonRow[], by: readonly MetricsDimension[]): string =>
  toCsv(
    rows.map(({ outcome, reason, share, ...row }) => ({
      ...placeOf(row, by),
      outcome,
      reason,
      ...rateFields("share", share),
    })),
  );

/** One record a band; what belongs to all bands together is repeated in each. */
export const calibrationCsv = (rows: readonly CalibrationRow[], by: readonly MetricsDimension[]): string =>
  toCsv(
    rows.flatMap(({ bands, bucketStart, bucketEnd, isPartial, dimensions, ...whole }) =>
      bands.map(({ observedRate, ...band }) => ({
        ...placeOf({ bucketStart, bucketEnd, isPartial, dimensions }, by),
        ...band,
        ...rateFields("observedRate", observedRate),
        ...whole,
      })),
    ),
  );

/** One record a step of the curve. */
export const survivalCsv = (rows: readonly SurvivalRow[], by: readonly MetricsDimension[]): string =>
  toCsv(
    rows.flatMap(({ steps, dimensions }) => steps.map((step) => ({ ...dimensionFields(dimensions, by), ...step }))),
  );
