import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptRatio } from "../../src/domain/kept-ratio.ts";

const words = fc.array(fc.constantFrom("refund", "the", "card", "order", "is", "on", "its", "way", "!", "日本"), {
  minLength: 1,
  maxLength: 30,
});

describe("kept ratio", () => {
  it("is 1 for the same text, whatever its white space", () => {
    expect(keptRatio("Your refund\nis on its way.", "  Your refund is   on its way. ")).toBe(1);
  });

  it("is not lowered by what the person added", () => {
    expect(keptRatio("Your refund is on its way.", "Hi Mia! Your refund is on its way today. Best, Jo")).toBe(1);
  });

  it("is 0 when no word survives and unknown when there was none to survive", () => {
    expect(keptRatio("Your refund", "No idea")).toBe(0);
    expect(keptRatio(" \n", "Anything")).toBeUndefined();
    expect(keptRatio("", "Anything")).toBeUndefined();
  });

  it("weighs words by their characters", () => {
    expect(keptRatio("abcdef xy", "abcdef")).toBe(6 / 8);
    expect(keptRatio("abcdef xy", "xy")).toBe(2 / 8);
  });

  it("counts words only in the order of the suggestion", () => {
    expect(keptRatio("one two three", "three one two")).toBe(6 / 11);
  });

  it("counts by the character where a script has no spaces", () => {
    expect(keptRatio("返金しました", "返金します")).toBeCloseTo(4 / 6);
    // Also after a sign, a letter or a number that is not of the script.
    expect(keptRatio("サーバーの再起動", "サーバーを再起動")).toBeCloseTo(7 / 8);
    expect(keptRatio("AIが3月に回答した", "AIが3月に回答する")).toBeCloseTo(8 / 10);
    expect(keptRatio("ກະລຸນາລໍຖ້າ", "ກະລຸນາຖ້າ")).toBeGreaterThan(0.7);
    expect(keptRatio("សូមរង់ចាំ", "សូមចាំ")).toBeGreaterThan(0.6);
    expect(keptRatio("ကျေးဇူးတင်ပါတယ်", "ကျေးဇူးတင်ပါသည်")).toBeGreaterThan(0.7);
  });

  it("stays between 0 and 1, and 1 exactly when the suggestion is a subsequence", () => {
    fc.assert(
      fc.property(words, words, (suggested, added) => {
        const ratio = keptRatio(suggested.join(" "), added.join(" ")) ?? Number.NaN;
        expect(ratio).toBeGreaterThanOrEqual(0);
        expect(ratio).toBeLessThanOrEqual(1);
        const interleaved = suggested.flatMap((word, index) => [added[index] ?? "", word]).join(" ");
        expect(keptRatio(suggested.join(" "), interleaved)).toBe(1);
      }),
    );
  });

  it("agrees with trying every subsequence", () => {
    const short = fc.array(fc.constantFrom("a", "bb", "ccc"), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(short, short, (a, b) => {
        const total = a.join("").length;
        expect(keptRatio(a.join(" "), b.join(" "))).toBeCloseTo(heaviestByForce(a, b) / total, 10);
      }),
    );
  });

  it("answers for two rewritten texts of 200,000 characters", () => {
    const text = (seed: number) => Array.from({ length: 30_000 }, (_, index) => `w${(index * seed) % 97}`).join(" ");
    expect(keptRatio(text(31), text(57))).toBeGreaterThan(0.9);
  });
});

function heaviestByForce(a: readonly string[], b: readonly string[]): number {
  let best = 0;
  for (let mask = 0; mask < 2 ** a.length; mask += 1) {
    const picked = a.filter((_, index) => (mask >> index) & 1);
    let at = 0;
    for (const token of b) if (token === picked[at]) at += 1;
    if (at === picked.length) best = Math.max(best, picked.join("").length);
  }
  return best;
}
