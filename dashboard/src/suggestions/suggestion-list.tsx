import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { type ListFilters, type SuggestionSummary, useSuggestionPages } from "../api/suggestions.ts";
import { formatCount, formatDuration, formatMoment, formatRatio } from "../format/format.ts";
import { type Column, CsvButton } from "../ui/data-table.tsx";
import { Section } from "../ui/section.tsx";
import { type Filters, filterSearch } from "../url/filters.ts";
import { OutcomeBadge } from "./outcome-badge.tsx";

type SuggestionListProps = { readonly filters: Filters; readonly list: ListFilters };

/** The list; only what is in sight is in the page, and the next page is read when its end comes near. */
export function SuggestionList({ filters, list }: SuggestionListProps): ReactNode {
  const query = useSuggestionPages(filters, list);
  const pages = query.data?.pages;
  // Once for each page that is read: put together anew at every look, 100,000 rows would be felt.
  const rows = useMemo(() => pages?.flatMap(({ suggestions }) => suggestions) ?? [], [pages]);
  return (
    <Section
      title="Newest first"
      query={query}
      isEmpty={({ pages }) => pages[0]?.suggestions.length === 0}
      empty="No suggestions match. Widen the range, or take a filter away."
      skeletonClass="h-96"
    >
      {() => (
        <Rows
          rows={rows}
          zone={filters.zone}
          hasMore={query.hasNextPage}
          onEnd={() => (query.isFetchingNextPage ? undefined : void query.fetchNextPage())}
        />
      )}
    </Section>
  );
}

type RowsProps = {
  readonly rows: readonly SuggestionSummary[];
  readonly zone: string;
  readonly hasMore: boolean;
  readonly onEnd: () => void;
};

const CSV_FIELDS = [
  "suggestionId",
  "createdAt",
  "functionName",
  "model",
  "promptVersion",
  "environment",
  "ticketId",
  "status",
  "outcome",
  "confidence",
  "keptRatio",
  "latencyMs",
  "costUsd",
  "errorType",
  "text",
] as const satisfies readonly (keyof SuggestionSummary)[];

const CSV_COLUMNS: readonly Column<SuggestionSummary>[] = CSV_FIELDS.map((field) => ({
  head: field,
  cell: (row) => row[field],
  value: (row) => row[field],
}));

/**
 * Two lines of text and one of facts, for each row: were rows of different heights, each that comes into sight would have to be
 * measured, and all below it placed anew, which of 100,000 is felt. In rem, as who reads large text has it everywhere.
 */
const ROW_REM = 5.25;

const rowPixels = (): number => ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

function Rows({ rows, zone, hasMore, onEnd }: RowsProps): ReactNode {
  const place = useRef<HTMLUListElement>(null);
  const [rowHeight] = useState(rowPixels);
  const [search] = useSearchParams();
  // The same function while the rows are the same: with another one every row is placed anew, at every step of a scroll.
  const keyOf = useCallback((index: number) => rows[index]?.suggestionId ?? index, [rows]);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: place.current?.offsetTop ?? 0,
    getItemKey: keyOf,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 20) onEnd();
  }, [hasMore, last, rows.length, onEnd]);
  return (
    <>
      <ul ref={place} aria-label="Suggestions" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const row = rows[index];
          return row === undefined ? null : (
            <li
              key={key}
              className="absolute inset-x-0 top-0 overflow-hidden border-b border-line"
              style={{
                height: `${ROW_REM}rem`,
                transform: `translateY(${start - virtualizer.options.scrollMargin}px)`,
              }}
            >
              <Row row={row} zone={zone} kept={filterSearch(search)} />
            </li>
          );
        })}
      </ul>
      <div className="flex flex-wrap items-center justify-between gap-2 pt-2">
        <p role="status" className="text-sm text-soft">
          {hasMore ? `${formatCount(rows.length)} read, more below` : `${formatCount(rows.length)} in all`}
        </p>
        <CsvButton name="Suggestions read so far" columns={CSV_COLUMNS} rows={rows} />
      </div>
    </>
  );
}

type RowProps = { readonly row: SuggestionSummary; readonly zone: string; readonly kept: string };

function Row({ row, zone, kept }: RowProps): ReactNode {
  const facts = [
    row.functionName,
    row.model,
    row.promptVersion === null ? null : `prompt ${row.promptVersion}`,
    row.ticketId === null ? null : `ticket ${row.ticketId}`,
    row.latencyMs === null ? null : formatDuration(row.latencyMs),
    row.confidence === null ? null : `confidence ${formatRatio(row.confidence)}`,
    row.keptRatio === null ? null : `kept ${formatRatio(row.keptRatio)}`,
  ];
  return (
    <Link
      href={`/suggestions/${row.suggestionId}${kept}`}
      className="flex h-full flex-col justify-center px-1 hover:bg-sunken"
    >
      <div className="flex items-start justify-between gap-3">
        <p className="line-clamp-2">{row.status === "error" ? (row.errorType ?? "failed") : row.text}</p>
        <OutcomeBadge status={row.status} outcome={row.outcome} />
      </div>
      <p className="truncate text-sm text-soft tabular-nums">
        {formatMoment(row.createdAt, zone)} · {facts.filter((fact) => fact !== null).join(" · ")}
      </p>
    </Link>
  );
}
