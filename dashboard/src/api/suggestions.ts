import {
  type InfiniteData,
  keepPreviousData,
  useInfiniteQuery,
  type UseInfiniteQueryResult,
  useQuery,
  type UseQueryResult,
} from "@tanstack/react-query";
import type { FeedbackEvent, MirrorState, SuggestionDetail } from "../../../src/contract/suggestion-detail.ts";
import type { SuggestionPage, SuggestionSummary } from "../../../src/contract/suggestion-page.ts";
import type { Filters } from "../url/filters.ts";
import { hasManyPages } from "./live.ts";
import { pathWith, request } from "./request.ts";

export type { FeedbackEvent, MirrorState, SuggestionDetail, SuggestionPage, SuggestionSummary };
export type Observation = SuggestionDetail["observations"][number];

/** What narrows the list down besides the filters that all pages have. */
export type ListFilters = {
  readonly outcome: string | null;
  readonly status: string | null;
  readonly ticket: string | null;
  readonly search: string | null;
  readonly reason: string | null;
};

const PAGE_SIZE = 100;

/** The filtered suggestions, the newest first, page by page. */
export function useSuggestionPages(
  { range, only }: Filters,
  list: ListFilters,
): UseInfiniteQueryResult<InfiniteData<SuggestionPage>> {
  const query = { from: range.from.toISOString(), to: range.to.toISOString(), ...only, ...list, limit: PAGE_SIZE };
  return useInfiniteQuery({
    queryKey: ["/v1/suggestions", query],
    queryFn: ({ pageParam, signal }) =>
      request<SuggestionPage>(pathWith("/v1/suggestions", { ...query, cursor: pageParam }), signal),
    initialPageParam: null as string | null, // widened: later pages have a cursor
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
    // Read anew when something has changed (see live.ts), not by the clock: that would be every page that was scrolled through.
    refetchInterval: false,
    refetchOnWindowFocus: (query) => !hasManyPages(query),
  });
}

export const suggestionPath = (id: string): string => `/v1/suggestions/${encodeURIComponent(id)}`;

export const useSuggestion = (id: string): UseQueryResult<SuggestionDetail> =>
  useQuery({
    queryKey: [suggestionPath(id)],
    queryFn: ({ signal }) => request<SuggestionDetail>(suggestionPath(id), signal),
  });
