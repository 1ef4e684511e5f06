import { bucketColumns, headingIn, type Layout, partialNote } from "./bucket-column.ts";
import { formatRate } from "./format.ts";
import type { ReasonRow } from "./read-reasons.ts";
import { type Column, textTable } from "./text-table.ts";

const COLUMNS: readonly Column<ReasonRow>[] = [
  { head: ["", "", "outcome"], gap: 2, align: "left", cell: ({ outcome }) => outcome },
  { head: ["", "share [95 %] of those", "revised or rejected"], gap: 2, cell: ({ share }) => formatRate(share) },
  { head: ["", "", "reason"], gap: 2, align: "left", cell: ({ reason }) => reason },
];

/** Reasons as text for a terminal, the most frequent first. */
export function reasonsTable(rows: readonly ReasonRow[], layout: Layout): string {
  if (rows.length === 0) return "No reasons were given in this range.\n";
  return textTable(rows, [...bucketColumns(rows, layout), ...COLUMNS], headingIn(layout)) + partialNote(rows, layout);
}
