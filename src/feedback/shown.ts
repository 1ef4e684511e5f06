import { UptakeError } from "../domain/errors.ts";
import { checkShown, type ShownInput } from "../domain/feedback.ts";
import { markShown, type ShownSuggestion } from "../store/queries/mark-shown.ts";
import { suggestionNotFound, type SuggestionSource } from "./judged-suggestions.ts";
import type { Result } from "./write-events.ts";

/** What is known now: when the suggestion was first seen, and whether this call said so first. */
export type ShownReceipt = ShownSuggestion;
export type ShownResult = Result<ShownReceipt>;

const MAX_IDS = 1000;

/** Marks suggestions as seen by a person; one result an id, in order. */
export async function recordShown(
  source: SuggestionSource & { readonly now: () => Date },
  { ids, ...seen }: ShownInput & { readonly ids: readonly string[] },
  placeOf: (index: number) => string,
): Promise<readonly ShownResult[]> {
  const now = source.now();
  const refused = ids.map((id, index) => refusalOf(() => checkShown(id, seen, now, placeOf(index))));
  const good = ids.filter((_, index) => refused[index] === undefined).map((id) => id.toLowerCase());
  const marked = await markEach(source, [...new Set(good)], { ...seen, at: seen.at ?? now });
  return ids.map((id, index) => {
    const receipt = refused[index] === undefined ? marked.get(id.toLowerCase()) : undefined;
    if (receipt !== undefined) return { ok: true, receipt };
    return { ok: false, error: refused[index] ?? suggestionNotFound(placeOf(index), id, source.projectId) };
  });
}

function refusalOf(check: () => void): UptakeError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof UptakeError) return error;
    throw error;
  }
}

async function markEach(
  source: SuggestionSource,
  ids: readonly string[],
  seen: ShownInput & { readonly at: Date },
): Promise<ReadonlyMap<string, ShownReceipt>> {
  const marked = await markInChunks(source, ids, seen);
  const missing = ids.filter((id) => !marked.has(id));
  if (missing.length === 0) return marked;
  await source.flushSuggestions();
  return new Map([...marked, ...(await markInChunks(source, missing, seen))]);
}

async function markInChunks(
  { db, projectId }: SuggestionSource,
  ids: readonly string[],
  { at, agentId }: ShownInput & { readonly at: Date },
): Promise<ReadonlyMap<string, ShownReceipt>> {
  const marked = new Map<string, ShownReceipt>();
  for (let from = 0; from < ids.length; from += MAX_IDS) {
    const rows = await markShown(db, ids.slice(from, from + MAX_IDS), { projectId, at, agentId: agentId ?? null });
    for (const row of rows) marked.set(row.suggestionId, row);
  }
  return marked;
}
