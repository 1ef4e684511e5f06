import type { MetricsBucket, MetricsDimension } from "../domain/metrics-request.ts";
import { localTimeIn, UTC, type Zone } from "../domain/zone.ts";
import { UNKNOWN } from "./format.ts";
import type { MetricsRow } from "./metrics-row.ts";
import type { Column } from "./text-table.ts";

/** How a table tells its rows apart: by time, and by the dimensions above them. */
export type Layout = {
  readonly bucket: MetricsBucket;
  readonly by: readonly MetricsDimension[];
  readonly zone?: Zone | undefined;
};

type Placed = Pick<MetricsRow, "bucketStart" | "isPartial" | "dimensions">;

const PARTIAL = "*";

/** The column of a row's time in the layout's zone, with a star where the bucket is partial; none for totals. */
export function bucketColumns<Row extends Placed>(rows: readonly Row[], layout: Layout): readonly Column<Row>[] {
  const { bucket, zone = UTC } = layout;
  if (bucket === "total") return [];
  const local = localTimeIn(zone);
  const mark = rows.some(({ isPartial }) => isPartial) ? " " : "";
  const cell = ({ bucketStart, isPartial }: Row): string =>
    (bucket === "day" ? local.day(bucketStart) : local.timeOfDay(bucketStart)) + (isPartial ? PARTIAL : mark);
  return [{ head: ["", "", zone + mark], gap: 0, cell }];
}

/** What stands above rows that share their dimensions and, by the hour, their day. */
export function headingIn({ bucket, by, zone = UTC }: Layout): (row: Placed) => string {
  const local = localTimeIn(zone);
  return (row) => {
    const parts = by.map((dimension) => {
      const value = row.dimensions[dimension] ?? UNKNOWN;
      const name = NAMED[dimension];
      return name === undefined ? value : `${name} ${value}`;
    });
    if (bucket === "hour") parts.push(local.day(row.bucketStart));
    return parts.join(" · ");
  };
}

/** Values that say nothing without their dimension's name. */
const NAMED: Readonly<Partial<Record<MetricsDimension, string>>> = {
  promptVersion: "prompt",
  confidenceBand: "confidence",
};

/** What the star means; nothing where there is none. */
export const partialNote = (rows: readonly Placed[], { bucket }: Layout): string =>
  bucket !== "total" && rows.some(({ isPartial }) => isPartial) ? `${PARTIAL} not over yet, or cut by the range\n` : "";
