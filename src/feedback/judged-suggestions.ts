import { UptakeError } from "../domain/errors.ts";
import type { Privacy } from "../domain/privacy.ts";
import type { Database } from "../store/database.ts";
import { findJudgedSuggestions, type JudgedSuggestion } from "../store/queries/find-judged-suggestions.ts";

export type SuggestionSource = {
  readonly db: Database;
  readonly projectId: string;
  readonly privacy: Privacy;
  /** Commits what the tracker still holds: feedback may come in the same instant as its suggestion. */
  readonly flushSuggestions: () => Promise<void>;
};

const MAX_IDS = 1000;

/** The project's suggestions with these ids, as far as they are there, by id. */
export async function readJudged(
  source: SuggestionSource,
  suggestionIds: readonly string[],
): Promise<ReadonlyMap<string, JudgedSuggestion>> {
  const ids = [...new Set(suggestionIds)];
  const found = await findInChunks(source, ids);
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length === 0) return found;
  await source.flushSuggestions();
  return new Map([...found, ...(await findInChunks(source, missing))]);
}

async function findInChunks(
  { db, projectId }: SuggestionSource,
  ids: readonly string[],
): Promise<ReadonlyMap<string, JudgedSuggestion>> {
  const found = new Map<string, JudgedSuggestion>();
  for (let at = 0; at < ids.length; at += MAX_IDS) {
    for (const entry of await findJudgedSuggestions(db, ids.slice(at, at + MAX_IDS), projectId)) found.set(...entry);
  }
  return found;
}

/** The same whether it is nowhere or another project's: who asks is told nothing of that one. */
export const suggestionNotFound = (place: string, suggestionId: string, projectId: string): UptakeError =>
  new UptakeError(
    "suggestion_not_found",
    `${place}: no suggestion ${suggestionId} in project "${projectId}"; check the id and the project`,
    { facts: { suggestionId, projectId } },
  );
