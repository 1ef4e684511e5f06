import type { ReactNode } from "react";
import { useSearchParams } from "wouter";
import type { ListFilters } from "../api/suggestions.ts";
import { Button } from "../ui/button.tsx";
import { FilterBar } from "../ui/filter-bar.tsx";
import { Page } from "../ui/page.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { Select } from "../ui/select.tsx";
import { useFilters } from "../url/filters.ts";
import { SuggestionList } from "./suggestion-list.tsx";

const OUTCOMES = ["pending", "accepted", "revised", "rejected", "expired", "auto_sent"];
const STATUSES = ["pending", "completed", "error"];

const choices = (names: readonly string[]) => [
  { value: "", text: "any" },
  ...names.map((name) => ({ value: name, text: name })),
];

/** Every suggestion, the newest first, and what became of it. */
export function SuggestionsPage(): ReactNode {
  const [filters, change] = useFilters();
  const [search] = useSearchParams();
  const list: ListFilters = {
    outcome: search.get("outcome"),
    status: search.get("status"),
    ticket: search.get("ticket"),
    search: search.get("search"),
    reason: search.get("reason"),
  };
  return (
    <Page title="Suggestions" controls={<FilterBar filters={filters} change={change} />}>
      <div className="flex flex-wrap items-end gap-2">
        <SearchField label="Text holds" value={list.search ?? ""} onChange={(text) => change({ search: text })} />
        <SearchField label="Ticket" value={list.ticket ?? ""} onChange={(ticket) => change({ ticket })} />
        <Select
          label="Outcome"
          value={list.outcome ?? ""}
          options={choices(OUTCOMES)}
          onChange={(outcome) => change({ outcome })}
        />
        <Select
          label="Status"
          value={list.status ?? ""}
          options={choices(STATUSES)}
          onChange={(status) => change({ status })}
        />
        {list.reason === null || list.reason === "" ? null : (
          <Button onClick={() => change({ reason: null })} aria-label={`No longer only reason ${list.reason}`}>
            reason: {list.reason} <span aria-hidden="true">✕</span>
          </Button>
        )}
      </div>
      <SuggestionList filters={filters} list={list} />
    </Page>
  );
}
