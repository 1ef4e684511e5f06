/** Terms of a query with how much each counts. */
export type WeightedTerms = ReadonlyMap<string, number>;

export type Bm25Hit<Item> = {
  readonly item: Item;
  readonly score: number;
  /** Share of the score that a document holding every known term of the query very often would get, 0–1. */
  readonly coverage: number;
};

export type Bm25Index<Item> = {
  /** Adds a document by its terms; a term's weight counts as its frequency. */
  add(item: Item, terms: WeightedTerms): void;
  /** The best documents, best first; only `eligible` ones are seen, also by the statistics. */
  search(
    query: WeightedTerms,
    options: { readonly limit: number; readonly eligible?: (item: Item) => boolean },
  ): Bm25Hit<Item>[];
  readonly size: number;
};

type Postings = { readonly documents: number[]; readonly frequencies: number[] };

// Usual values; k1 says how soon repeating a term stops counting, b how much long documents are held back.
const K1 = 1.2;
const B = 0.75;

/**
 * An inverted index in memory, scored by BM25 (Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009,
 * with the never-negative idf of Lucene).
 *
 * Document counts and lengths are taken over the eligible documents alone. So a document that may not be seen has no
 * influence at all, not even through the rarity of its words, and the same question against the same eligible
 * documents scores the same however much else has been added since.
 */
export function createBm25<Item>(): Bm25Index<Item> {
  const items: Item[] = [];
  const lengths: number[] = [];
  const postings = new Map<string, Postings>();

  function add(item: Item, terms: WeightedTerms): void {
    const document = items.push(item) - 1;
    let length = 0;
    for (const [term, frequency] of terms) {
      length += frequency;
      const known = postings.get(term);
      if (known === undefined) postings.set(term, { documents: [document], frequencies: [frequency] });
      else {
        known.documents.push(document);
        known.frequencies.push(frequency);
      }
    }
    lengths.push(length);
  }

  function search(query: WeightedTerms, options: { limit: number; eligible?: (item: Item) => boolean }) {
    const seen = visible(items, lengths, options.eligible);
    if (seen.count === 0) return [];
    const meanLength = seen.length / seen.count || 1;
    const scores = new Map<number, number>();
    let best = 0;
    for (const [term, weight] of query) {
      const found = postings.get(term);
      if (found === undefined) continue;
      let matching = 0;
      for (const document of found.documents) matching += seen.flags[document] ?? 0;
      if (matching === 0) continue;
      const idf = Math.log(1 + (seen.count - matching + 0.5) / (matching + 0.5));
      best += weight * idf * (K1 + 1);
      for (let i = 0; i < found.documents.length; i++) {
        const document = found.documents[i] ?? 0;
        if (seen.flags[document] !== 1) continue;
        const frequency = found.frequencies[i] ?? 0;
        const norm = K1 * (1 - B + (B * (lengths[document] ?? 0)) / meanLength);
        const gain = (weight * idf * frequency * (K1 + 1)) / (frequency + norm);
        scores.set(document, (scores.get(document) ?? 0) + gain);
      }
    }
    return [...scores]
      .sort(([a, scoreA], [b, scoreB]) => scoreB - scoreA || a - b)
      .slice(0, options.limit)
      .flatMap(([document, score]) => {
        const item = items[document];
        return item === undefined ? [] : [{ item, score, coverage: score / best }];
      });
  }

  return {
    add,
    search,
    get size() {
      return items.length;
    },
  };
}

function visible<Item>(items: readonly Item[], lengths: readonly number[], eligible?: (item: Item) => boolean) {
  const flags = new Uint8Array(items.length);
  let count = 0;
  let length = 0;
  items.forEach((item, document) => {
    if (eligible !== undefined && !eligible(item)) return;
    flags[document] = 1;
    count += 1;
    length += lengths[document] ?? 0;
  });
  return { flags, count, length };
}

/** Counts terms, each occurrence as `weight`; adds to `into` where given. */
export function weigh(terms: readonly string[], weight = 1, into = new Map<string, number>()): Map<string, number> {
  for (const term of terms) into.set(term, (into.get(term) ?? 0) + weight);
  return into;
}
