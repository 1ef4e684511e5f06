/** A person answers within the hour, mostly. */
const MAX_TEXTS = 2_000;
const MAX_CHARS = 8_000_000;

/**
 * What was suggested, in memory only, for as long as there is room: where texts are not stored, it is all that a final text
 * can be compared with. Another process, or a later one, has to be told (`suggestedText`).
 */
export type Recall = { keep(id: string, text: string): void; find(id: string): string | undefined };

export function createRecall(): Recall {
  /** Oldest first. */
  const texts = new Map<string, string>();
  let chars = 0;

  function forget(id: string): void {
    chars -= texts.get(id)?.length ?? 0;
    texts.delete(id);
  }

  return {
    keep(id, text) {
      forget(id);
      if (text === "") return;
      texts.set(id, text);
      chars += text.length;
      for (const [oldest] of texts) {
        if (texts.size <= MAX_TEXTS && chars <= MAX_CHARS) break;
        forget(oldest);
      }
    },
    find: (id) => texts.get(id),
  };
}
