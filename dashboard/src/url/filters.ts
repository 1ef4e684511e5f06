import { useMemo } from "react";
import { useSearchParams } from "wouter";
import { isRangeName, type Range, type RangeName, rangeOf } from "./range.ts";
import { useNow } from "./use-now.ts";

/** What a suggestion can be narrowed down by; each is a parameter of the URL and of the API, under the same name. */
export const filterNames = ["function", "model", "promptVersion", "environment"] as const;
export type FilterName = (typeof filterNames)[number];

export type Filters = {
  readonly rangeName: RangeName | "custom";
  readonly range: Range;
  /** IANA name; the browser's own until one is chosen. */
  readonly zone: string;
  readonly only: Readonly<Partial<Record<FilterName, string>>>;
};

const HOUR_MS = 3_600_000;
const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function momentOf(text: string | null): Date | undefined {
  const moment = new Date(text ?? "");
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

function isZone(zone: string | null): zone is string {
  if (zone === null) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** The filters that a query string says; what it says wrongly counts as not said. `now` is in milliseconds since 1970. */
export function filtersOf(search: URLSearchParams, now: number): Filters {
  const zone = search.get("zone");
  const from = momentOf(search.get("from"));
  const to = momentOf(search.get("to"));
  const name = search.get("range");
  const only = filterNames.flatMap((filter) => {
    const value = search.get(filter);
    return value === null || value === "" ? [] : [[filter, value] as const];
  });
  const range = from !== undefined && to !== undefined && from < to ? { from, to } : undefined;
  const rangeName = isRangeName(name) ? name : "7d";
  return {
    rangeName: range === undefined ? rangeName : "custom",
    range: range ?? rangeOf(rangeName, now),
    zone: isZone(zone) ? zone : browserZone,
    only: Object.fromEntries(only),
  };
}

/** What a link to another page carries along, and what it narrows down to besides. */
export function filterSearch(search: URLSearchParams, more: Readonly<Record<string, string>> = {}): string {
  const kept = new URLSearchParams();
  for (const name of ["range", "from", "to", "zone", ...filterNames]) {
    const value = search.get(name);
    if (value !== null) kept.set(name, value);
  }
  for (const [name, value] of Object.entries(more)) kept.set(name, value);
  const text = kept.toString();
  return text === "" ? "" : `?${text}`;
}

/** The filters in the URL, and how to change them: a text sets a parameter, null takes it away. */
export function useFilters(): readonly [Filters, (changes: Readonly<Record<string, string | null>>) => void] {
  const [search, setSearch] = useSearchParams();
  const now = useNow(HOUR_MS);
  const filters = useMemo(() => filtersOf(search, now), [search, now]);
  const change = (changes: Readonly<Record<string, string | null>>): void =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") next.delete(name);
        else next.set(name, value);
      }
      return next;
    });
  return [filters, change];
}
