import { bucketColumns, headingIn, type Layout, partialNote } from "./bucket-column.ts";
import { formatCount, formatRate, formatRatio, UNKNOWN } from "./format.ts";
import type { CalibrationBand, CalibrationRow } from "./read-calibration.ts";
import { type Column, textTable } from "./text-table.ts";

type Line = CalibrationRow & { readonly line: CalibrationBand };

const COLUMNS: readonly Column<Line>[] = [
  { head: ["", "", "confidence"], gap: 2, cell: ({ line }) => line.band ?? UNKNOWN },
  { head: ["", "sugges-", "tions"], gap: 2, cell: ({ line }) => formatCount(line.suggestionCount) },
  { head: ["", "", "decided"], gap: 1, cell: ({ line }) => formatCount(line.decidedCount) },
  { head: ["", "mean confidence", "of decided"], gap: 2, cell: ({ line }) => formatRatio(line.meanConfidence) },
  { head: ["", "accepted", "[95 %] of decided"], gap: 2, cell: ({ line }) => formatRate(line.observedRate) },
];

/** The reliability table as text for a terminal, and under it what it comes to. */
export function calibrationTable(rows: readonly CalibrationRow[], layout: Layout): string {
  if (rows.length === 0) return "No suggestions in this range.\n";
  const headingOf = headingIn(layout);
  const lines = rows.flatMap((row) => row.bands.map((line) => ({ ...row, line })));
  const table = textTable(lines, [...bucketColumns(rows, layout), ...COLUMNS], headingOf);
  const summaries = layout.bucket === "total" ? rows.map((row) => summaryOf(row, headingOf(row))) : [];
  return table + partialNote(rows, layout) + summaries.join("");
}

function summaryOf(row: CalibrationRow, heading: string): string {
  const accepted = formatRatio(row.meanConfidenceAccepted);
  const rejected = formatRatio(row.meanConfidenceRejected);
  const of = heading === "" ? "" : `${heading}: `;
  const brier = row.brierScore === null ? UNKNOWN : row.brierScore.toFixed(3);
  return `${of}Brier score ${brier} of ${row.knownCount} decided; mean confidence ${accepted} accepted, ${rejected} rejected\n`;
}
