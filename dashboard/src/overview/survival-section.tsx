import type { ReactNode } from "react";
import { type SurvivalRow, useSurvival } from "../api/metrics.ts";
import { StepPlot } from "../charts/step-plot.tsx";
import { formatCount, formatDuration, formatPercent } from "../format/format.ts";
import { DataTable } from "../ui/data-table.tsx";
import { Section } from "../ui/section.tsx";
import type { Filters } from "../url/filters.ts";

/** How long suggestions wait for feedback, the open ones taken into account. */
export function SurvivalSection({ filters }: { readonly filters: Filters }): ReactNode {
  const query = useSurvival(filters);
  return (
    <Section
      title="Time to feedback"
      hint="The share that still has no feedback after each time; open ones count for as long as they were watched."
      query={query}
      isEmpty={(rows) => (rows[0]?.decidedCount ?? 0) === 0}
      empty="No feedback on suggestions of this range yet."
      skeletonClass="h-64"
    >
      {([row]) => (row === undefined ? null : <Survival row={row} />)}
    </Section>
  );
}

function Survival({ row }: { readonly row: SurvivalRow }): ReactNode {
  return (
    <>
      <StepPlot
        name="Share without feedback"
        steps={row.steps.map(({ atMs, survival }) => ({ x: atMs, y: survival }))}
        endX={row.observedMs}
      />
      <p className="mt-2 text-sm text-soft tabular-nums">
        Half have feedback within {formatDuration(row.medianMs)}; {formatCount(row.decidedCount)} decided,{" "}
        {formatCount(row.openCount)} open.
      </p>
      <details className="mt-1 text-sm">
        <summary className="text-soft">As a table</summary>
        <DataTable
          name="Time to feedback"
          rows={row.steps}
          rowKey={({ atMs }) => String(atMs)}
          columns={[
            { head: "After", align: "left", cell: ({ atMs }) => formatDuration(atMs), value: ({ atMs }) => atMs },
            {
              head: "Without feedback",
              cell: ({ survival }) => formatPercent(survival),
              value: ({ survival }) => survival,
            },
            {
              head: "Watched",
              cell: ({ atRiskCount }) => formatCount(atRiskCount),
              value: ({ atRiskCount }) => atRiskCount,
            },
          ]}
        />
      </details>
    </>
  );
}
