import type { ReactNode } from "react";
import { useSearchParams } from "wouter";
import { type ReasonRow, useReasons } from "../api/metrics.ts";
import { ShareBars } from "../charts/share-bars.tsx";
import { formatCount, formatPercent } from "../format/format.ts";
import { CsvButton } from "../ui/data-table.tsx";
import { Section } from "../ui/section.tsx";
import { type Filters, filterSearch } from "../url/filters.ts";

const OUTCOMES = [
  { outcome: "rejected", title: "Rejected because", color: "series-2" },
  { outcome: "revised", title: "Revised because", color: "series-5" },
] as const;

/** Why suggestions were rejected or revised, the most frequent reason first. */
export function ReasonsSection({ filters }: { readonly filters: Filters }): ReactNode {
  const query = useReasons(filters);
  return (
    <Section
      title="Reasons"
      hint="By the time of the decision; one decision may have several reasons. Each leads to its suggestions."
      query={query}
      isEmpty={(rows) => rows.length === 0}
      empty="Nobody gave a reason in this range."
    >
      {(rows) => <Reasons rows={rows} />}
    </Section>
  );
}

function Reasons({ rows }: { readonly rows: readonly ReasonRow[] }): ReactNode {
  const [search] = useSearchParams();
  return (
    <>
      <div className="grid grid-cols-1 gap-5 sm:grid-cols-2">
        {OUTCOMES.map(({ outcome, title, color }) => (
          <div key={outcome}>
            <h3 className="mb-2 text-sm font-medium">{title}</h3>
            <ShareBars
              name={title}
              bars={rows
                .filter((row) => row.outcome === outcome)
                .map(({ reason, share }) => ({
                  label: reason,
                  share: share.value,
                  low: share.low,
                  high: share.high,
                  text: `${formatPercent(share.value)} · ${formatCount(share.numerator)} of ${formatCount(share.denominator)}`,
                  color,
                  href: `/suggestions${filterSearch(search, { outcome, reason })}`,
                }))}
            />
          </div>
        ))}
      </div>
      <CsvButton
        name="Reasons"
        rows={rows}
        columns={[
          { head: "Outcome", cell: ({ outcome }) => outcome, value: ({ outcome }) => outcome },
          { head: "Reason", cell: ({ reason }) => reason, value: ({ reason }) => reason },
          { head: "Count", cell: () => null, value: ({ share }) => share.numerator },
          { head: "Of", cell: () => null, value: ({ share }) => share.denominator },
        ]}
      />
    </>
  );
}
