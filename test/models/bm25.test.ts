import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBm25, weigh } from "../../src/models/bm25.ts";
import { termsOf } from "../../src/models/terms.ts";

const terms = (text: string) => weigh(termsOf(text));

describe("BM25 index", () => {
  it("puts the document with the rare word before those with common ones", () => {
    const index = createBm25<string>();
    index.add("refund", terms("Refund a card sale in the shop"));
    index.add("reader", terms("Pair the card reader in the shop"));
    index.add("opening", terms("Opening hours of the shop"));
    const hits = index.search(terms("the shop's reader"), { limit: 10 });
    expect(hits.map((hit) => hit.item)).toEqual(["reader", "opening", "refund"]);
    expect(hits[0]?.score).toBeGreaterThan(hits[1]?.score ?? Number.POSITIVE_INFINITY);
  });

  it("scores as the formula says", () => {
    const index = createBm25<string>();
    index.add("a", terms("reader"));
    index.add("b", terms("shop shop shop"));
    // idf = ln(1 + (2 - 1 + 0.5) / (1 + 0.5)) = ln 2; length 1 against a mean of 2: k1 * (0.25 + 0.75 * 0.5) = 0.75.
    const [hit] = index.search(terms("reader"), { limit: 1 });
    expect(hit?.score).toBeCloseTo((Math.log(2) * 1 * 2.2) / 1.75, 10);
    expect(hit?.coverage).toBeCloseTo(1 / 1.75, 10);
  });

  it("gives eligible documents the same scores whatever else is in the index", () => {
    const words = fc.array(fc.constantFrom("card", "reader", "shop", "refund", "payout", "tax"), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(words), fc.array(words), words, (open, hidden, query) => {
        const alone = createBm25<{ hidden: boolean; n: number }>();
        const mixed = createBm25<{ hidden: boolean; n: number }>();
        hidden.forEach((text, n) => {
          mixed.add({ hidden: true, n }, weigh(text));
        });
        open.forEach((text, n) => {
          alone.add({ hidden: false, n }, weigh(text));
          mixed.add({ hidden: false, n }, weigh(text));
        });
        const options = { limit: 100, eligible: (item: { hidden: boolean }) => !item.hidden };
        expect(mixed.search(weigh(query), options)).toEqual(alone.search(weigh(query), options));
      }),
    );
  });

  it("finds nothing where no word is shared", () => {
    const index = createBm25<string>();
    index.add("refund", terms("Refund a card sale"));
    expect(index.search(terms("crypto"), { limit: 5 })).toEqual([]);
    expect(createBm25().search(terms("crypto"), { limit: 5 })).toEqual([]);
  });
});

describe("terms", () => {
  it("fold case, accents, plurals and verb endings, and leave out function words and thanks", () => {
    expect(termsOf("Thanks! The Cards were charged, charging a CHARGE at the café")).toEqual([
      "card",
      "charg",
      "charg",
      "charg",
      "cafe",
    ]);
  });
});
