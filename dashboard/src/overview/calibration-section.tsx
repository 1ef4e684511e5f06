import type { ReactNode } from "react";
import { type CalibrationRow, useCalibration } from "../api/metrics.ts";
import { CalibrationPlot } from "../charts/calibration-plot.tsx";
import { formatCount, formatInterval, formatPercent, formatRatio } from "../format/format.ts";
import { type Column, DataTable } from "../ui/data-table.tsx";
import { Section } from "../ui/section.tsx";
import type { Filters } from "../url/filters.ts";

type Band = CalibrationRow["bands"][number];

const COLUMNS: readonly Column<Band>[] = [
  { head: "Confidence", align: "left", cell: ({ band }) => band ?? "not known", value: ({ band }) => band },
  {
    head: "Mean",
    cell: ({ meanConfidence }) => formatRatio(meanConfidence),
    value: ({ meanConfidence }) => meanConfidence,
  },
  {
    head: "Accepted",
    cell: ({ observedRate }) => formatPercent(observedRate.value),
    value: ({ observedRate }) => observedRate.value,
  },
  {
    head: "95 %",
    cell: ({ observedRate: { low, high } }) => formatInterval(low, high),
    value: ({ observedRate: { low, high } }) => (low === null || high === null ? null : `${low} to ${high}`),
  },
  { head: "Decided", cell: ({ decidedCount }) => formatCount(decidedCount), value: ({ decidedCount }) => decidedCount },
];

/** Whether a confidence of 0.8 means that 80 % are accepted. */
export function CalibrationSection({ filters }: { readonly filters: Filters }): ReactNode {
  const query = useCalibration(filters);
  return (
    <Section
      title="Confidence calibration"
      hint="Were confidences right, every point would lie on the line."
      query={query}
      isEmpty={(rows) => (rows[0]?.knownCount ?? 0) === 0}
      empty="Nothing decided with a known confidence in this range."
      skeletonClass="h-64"
    >
      {([row]) => (row === undefined ? null : <Calibration row={row} />)}
    </Section>
  );
}

function Calibration({ row }: { readonly row: CalibrationRow }): ReactNode {
  return (
    <>
      <CalibrationPlot
        points={row.bands.flatMap(({ band, meanConfidence, observedRate, decidedCount }) =>
          meanConfidence === null || observedRate.value === null
            ? []
            : [
                {
                  name: band ?? "not known",
                  x: meanConfidence,
                  y: observedRate.value,
                  low: observedRate.low,
                  high: observedRate.high,
                  count: decidedCount,
                },
              ],
        )}
      />
      <p className="mt-2 text-sm text-soft tabular-nums">
        Brier score {formatRatio(row.brierScore)} over {formatCount(row.knownCount)} decided (0 is perfect, 0.25 is
        always saying 0.5); mean confidence {formatRatio(row.meanConfidenceAccepted)} where accepted,{" "}
        {formatRatio(row.meanConfidenceRejected)} where rejected.
      </p>
      <details className="mt-1 text-sm">
        <summary className="text-soft">As a table</summary>
        <DataTable
          name="Confidence calibration"
          columns={COLUMNS}
          rows={row.bands}
          rowKey={({ band }) => String(band)}
        />
      </details>
    </>
  );
}
