import type { ReactNode } from "react";
import { Link } from "wouter";
import { type SuggestionSummary, useSuggestionPages } from "../api/suggestions.ts";
import { formatMoment } from "../format/format.ts";
import { OutcomeBadge } from "../suggestions/outcome-badge.tsx";
import type { Side } from "./compare-page.tsx";
import { isDecided, pairsOf } from "./pairs.ts";

/** Tickets for which people took one's suggestion and not the other's; where there are none, the latest rejected of each. */
export function Examples({ a, b }: { readonly a: Side; readonly b: Side }): ReactNode {
  const [ofA, ofB] = [useDecided(a), useDecided(b)];
  const disagreed = pairsOf(ofA, ofB);
  const rejected = (of: readonly SuggestionSummary[]): readonly SuggestionSummary[] =>
    of.filter(({ outcome }) => outcome === "rejected").slice(0, 5);
  return (
    <div>
      <h3 className="mb-2 font-semibold">
        {disagreed.length > 0 ? "Tickets on which they disagree" : "Latest rejected of each"}
      </h3>
      <div className="grid grid-cols-1 gap-4 md:grid-cols-2">
        <ExampleList
          name={a.name}
          rows={disagreed.length > 0 ? disagreed.map(({ one }) => one) : rejected(ofA)}
          zone={a.filters.zone}
        />
        <ExampleList
          name={b.name}
          rows={disagreed.length > 0 ? disagreed.map(({ other }) => other) : rejected(ofB)}
          zone={b.filters.zone}
        />
      </div>
    </div>
  );
}

const EVERY = { outcome: null, status: null, ticket: null, search: null, reason: null };

function useDecided({ filters }: Side): readonly SuggestionSummary[] {
  const { data } = useSuggestionPages(filters, EVERY);
  return (data?.pages[0]?.suggestions ?? []).filter(isDecided);
}

type ExampleListProps = { readonly name: string; readonly rows: readonly SuggestionSummary[]; readonly zone: string };

const ExampleList = ({ name, rows, zone }: ExampleListProps): ReactNode => (
  <div>
    <h4 className="mb-1 text-sm text-soft">{name}</h4>
    {rows.length === 0 ? <p className="text-soft">None.</p> : null}
    <ul className="grid grid-cols-1 gap-2">
      {rows.map((row) => (
        <li key={row.suggestionId}>
          <Link
            href={`/suggestions/${row.suggestionId}`}
            className="block rounded border border-line p-2 hover:bg-sunken"
          >
            <OutcomeBadge status={row.status} outcome={row.outcome} />{" "}
            <span className="text-sm text-soft">
              {formatMoment(row.createdAt, zone)}
              {row.ticketId === null ? "" : ` · ticket ${row.ticketId}`}
            </span>
            <p className="line-clamp-2">{row.text}</p>
          </Link>
        </li>
      ))}
    </ul>
  </div>
);
