import { MINUTE_MS } from "../domain/durations.ts";
import { survivalAt } from "../domain/survival.ts";
import { headingIn, type Layout } from "./bucket-column.ts";
import { formatCount, formatDuration, formatPercent } from "./format.ts";
import type { SurvivalRow } from "./read-survival.ts";
import { type Column, textTable } from "./text-table.ts";

const MOMENTS_MS = [1, 5, 15, 60, 240, 1440, 4320, 10_080].map((minutes) => minutes * MINUTE_MS);

type Line = SurvivalRow & { readonly atMs: number; readonly bucketStart: Date; readonly isPartial: false };

const COLUMNS: readonly Column<Line>[] = [
  { head: ["", "", "after"], gap: 0, cell: ({ atMs }) => formatDuration(atMs) },
  {
    head: ["", "with", "feedback"],
    gap: 2,
    cell: ({ steps, atMs, observedMs }) => {
      const survival = survivalAt(steps, atMs, observedMs);
      return formatPercent(survival === null ? null : 1 - survival);
    },
  },
  { head: ["", "of them", "in time"], gap: 2, cell: ({ steps, atMs }) => formatCount(decidedBy(steps, atMs)) },
];

const decidedBy = (steps: SurvivalRow["steps"], atMs: number): number =>
  steps.filter((step) => step.atMs <= atMs).reduce((sum, { endedCount }) => sum + endedCount, 0);

/** Time to feedback as text for a terminal: the share that has feedback after a minute, an hour, a day. */
export function survivalTable(rows: readonly SurvivalRow[], { by }: Layout): string {
  if (rows.length === 0) return "No suggestions in this range.\n";
  const headingOf = headingIn({ bucket: "total", by });
  const lines = rows.flatMap((row) =>
    MOMENTS_MS.map((atMs) => ({ ...row, atMs, bucketStart: new Date(0), isPartial: false as const })),
  );
  return (
    textTable(lines, COLUMNS, headingOf) +
    lines
      .filter(({ atMs }) => atMs === MOMENTS_MS[0])
      .map(summary)
      .join("")
  );

  function summary(line: Line): string {
    const heading = headingOf(line);
    const of = heading === "" ? "" : `${heading}: `;
    const counts = `${line.decidedCount} with feedback, ${line.openCount} still open`;
    return `${of}${counts}; half have feedback after ${formatDuration(line.medianMs)}\n`;
  }
}
