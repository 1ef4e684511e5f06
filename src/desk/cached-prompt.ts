import type { PromptTemplate } from "./prompt-template.ts";

export type CachedPromptOptions = {
  readonly load: () => Promise<PromptTemplate>;
  readonly freshMs: number;
  readonly retryMs: number;
  readonly now: () => number;
  /** Told each failure, and whether there is an older prompt to go on with. */
  readonly onFailure: (error: unknown, isKnown: boolean) => void;
};

/**
 * One prompt that is loaded from elsewhere: stale while revalidating. Resolves to undefined as long as none was ever
 * loaded; only the very first call waits, so a source that hangs costs one run its time limit and not every one.
 */
export function createCachedPrompt(options: CachedPromptOptions): () => Promise<PromptTemplate | undefined> {
  const { load, freshMs, retryMs, now, onFailure } = options;
  let known: PromptTemplate | undefined;
  let dueAtMs = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;
  let first: Promise<void> | undefined;

  async function reload(): Promise<void> {
    try {
      known = await load();
      dueAtMs = now() + freshMs;
    } catch (error) {
      dueAtMs = now() + retryMs;
      onFailure(error, known !== undefined);
    } finally {
      loading = undefined;
    }
  }

  return async () => {
    if (now() >= dueAtMs) loading ??= reload();
    first ??= loading;
    await first;
    return known;
  };
}
