import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance } from "../../src/domain/edit-distance.ts";

/** Few letters, so that texts have much in common; often longer than a block of 32, and than two. */
const letters = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom("a", "b", "c", " "), { minLength, maxLength, size: "max" }).map((list) => list.join(""));
const text = fc.oneof(letters(0, 40), letters(30, 120));

describe("edit distance", () => {
  it("is the share of the longer text's characters that change", () => {
    expect(editDistance("kitten", "sitting")).toBe(3 / 7);
    expect(editDistance("refund", "refunds")).toBe(1 / 7);
    expect(editDistance("abc", "xyz")).toBe(1);
    expect(editDistance("", "abcd")).toBe(1);
  });

  it("is 0 for equal texts only, and unknown for two empty ones", () => {
    expect(editDistance("", "")).toBeUndefined();
    fc.assert(
      fc.property(text, text, (a, b) => {
        fc.pre(a !== "" || b !== "");
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it("agrees with the table that Wagner and Fischer fill cell by cell", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        fc.pre(a !== "" || b !== "");
        expect(editDistance(a, b)).toBeCloseTo(byTable(a, b) / Math.max(a.length, b.length), 10);
      }),
      { numRuns: 300 },
    );
  });

  it("is the same both ways, and between 0 and 1", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        fc.pre(a !== "" || b !== "");
        const distance = editDistance(a, b) ?? Number.NaN;
        expect(distance).toBe(editDistance(b, a));
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(distance).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("answers for a megabyte with one change in it, and leaves a rewritten one unknown", () => {
    const long = "refund ".repeat(150_000);
    expect(editDistance(long, `${long.slice(0, 500_000)}!${long.slice(500_000)}`)).toBe(1 / (long.length + 1));
    expect(editDistance(`a${"x".repeat(1_000_000)}a`, `b${"y".repeat(1_000_000)}b`)).toBeUndefined();
  });
});

function byTable(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
