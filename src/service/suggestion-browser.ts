import { readCursor, writeCursor } from "../domain/cursor.ts";
import { suggestionNotFound } from "../feedback/judged-suggestions.ts";
import type { Queryable } from "../store/database.ts";
import { type ListedSuggestion, type ListFilter, listSuggestions } from "../store/queries/list-suggestions.ts";
import { type FeedbackOfSuggestion, readFeedbackHistory } from "../store/queries/read-feedback-history.ts";
import { readSuggestion, type StoredSuggestion } from "../store/queries/read-suggestion.ts";

export type BrowsedPage = {
  readonly suggestions: readonly Omit<ListedSuggestion, "createdAtMicros">[];
  /** For the next page; null where there is none. */
  readonly nextCursor: string | null;
};

export type BrowsedSuggestion = StoredSuggestion & { readonly feedback: readonly FeedbackOfSuggestion[] };

/** The project's suggestions that the filter leaves, the newest first; `cursor` is that of the page before. */
export async function browseSuggestions(
  db: Queryable,
  { cursor, ...filter }: Omit<ListFilter, "after"> & { readonly cursor?: string | undefined },
): Promise<BrowsedPage> {
  const after = cursor === undefined ? undefined : placeAfter(cursor);
  // One more than asked for tells whether there is a next page.
  const rows = await listSuggestions(db, { ...filter, after, limit: filter.limit + 1 });
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  const nextCursor =
    rows.length > page.length && last !== undefined
      ? writeCursor({ at: last.createdAtMicros, id: last.suggestionId })
      : null;
  return { suggestions: page.map(withoutMicros), nextCursor };
}

/** Everything about one. Throws `suggestion_not_found`, the same whether it is nowhere or another project's. */
export async function browseSuggestion(
  db: Queryable,
  suggestionId: string,
  projectId: string,
): Promise<BrowsedSuggestion> {
  const [suggestion, feedback] = await Promise.all([
    readSuggestion(db, suggestionId, projectId),
    readFeedbackHistory(db, suggestionId, projectId),
  ]);
  if (suggestion === undefined) throw suggestionNotFound("suggestionId", suggestionId, projectId);
  return { ...suggestion, feedback };
}

function withoutMicros(listed: ListedSuggestion): BrowsedPage["suggestions"][number] {
  const { createdAtMicros: _exactly, ...suggestion } = listed;
  return suggestion;
}

function placeAfter(cursor: string): NonNullable<ListFilter["after"]> {
  const { at, id } = readCursor(cursor);
  return { createdAtMicros: at, suggestionId: id };
}
