import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compressionDistance, phraseCount } from "../../src/domain/compression-distance.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 60 });

describe("phrases", () => {
  it.each([
    ["", "abab", 3, "a, b, ab"],
    ["", "aaaa", 3, "a, a, aa"],
    ["abc", "bcab", 2, "bc, ab"],
    ["abc", "abcd", 2, "abc, d"],
    ["one two three", "three one two", 3, "three, space, one two"],
    ["abc", "", 0, "none"],
  ])("of %j, then %j are %d: %4$s", (known, added, count) => {
    expect(phraseCount(known, added)).toBe(count);
  });

  it("agree with looking for every piece in all that stands before it", () => {
    fc.assert(
      fc.property(text, text, (known, added) => {
        expect(phraseCount(known, added)).toBe(byLooking(known, added));
      }),
      { numRuns: 300 },
    );
  });
});

describe("compression distance", () => {
  it("is 0 for a text that stands in the suggestion, and small for a moved block", () => {
    const suggestion = "Your refund was sent today. It reaches your card within five days.";
    expect(compressionDistance(suggestion, suggestion)).toBe(0);
    expect(compressionDistance(suggestion, "It reaches your card within five days.")).toBe(0);
    const moved = "It reaches your card within five days. Your refund was sent today.";
    const rewritten = "Please restart the reader, then hold the button for ten seconds or so.";
    expect(compressionDistance(suggestion, moved)).toBeLessThan(0.1);
    expect(compressionDistance(suggestion, rewritten)).toBeGreaterThan(0.5);
  });

  it("is 1 where nothing of the suggestion helps, and unknown for a text of one phrase", () => {
    expect(compressionDistance("xyz", "abcabd")).toBe(1);
    expect(compressionDistance("xyz", "a")).toBeUndefined();
    expect(compressionDistance("xyz", "")).toBeUndefined();
  });

  it("stays between 0 and 1", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const distance = compressionDistance(a, b) ?? 0;
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(distance).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("does not grow when the suggestion says more", () => {
    fc.assert(
      fc.property(text, text, text, (suggestion, more, finalText) => {
        const distance = compressionDistance(suggestion, finalText) ?? 0;
        expect(compressionDistance(more + suggestion, finalText) ?? 0).toBeLessThanOrEqual(distance);
      }),
    );
  });

  it("grows with every word of the suggestion that is replaced by a new one", () => {
    const words = "your refund was sent today and reaches your card within five days".split(" ");
    const distances = words.map((_, replaced) => {
      const finalText = words.map((word, at) => (at < replaced ? `${at}#${at}` : word)).join(" ");
      return compressionDistance(words.join(" "), finalText) ?? Number.NaN;
    });
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect(new Set(distances).size).toBe(words.length);
  });

  it("leaves two texts of a megabyte unknown", () => {
    expect(compressionDistance("x".repeat(1_000_000), "y".repeat(1_000_000))).toBeUndefined();
  });
});

function byLooking(known: string, text: string): number {
  let count = 0;
  for (let start = 0; start < text.length; count += 1) {
    const before = known + text.slice(0, start);
    let length = 1;
    while (start + length < text.length && before.includes(text.slice(start, start + length + 1))) length += 1;
    start += length;
  }
  return count;
}
