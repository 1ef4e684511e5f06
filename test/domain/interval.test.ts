import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wilsonInterval } from "../../src/domain/interval.ts";

describe("the Wilson interval", () => {
  // R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i/%i is the published one", (numerator, denominator, low, high) => {
    const interval = wilsonInterval(numerator, denominator);
    expect(interval?.low).toBeCloseTo(low, 4);
    expect(interval?.high).toBeCloseTo(high, 4);
  });

  it("of nothing is unknown", () => {
    expect(wilsonInterval(0, 0)).toBeUndefined();
  });

  it("lies within 0 and 1, holds the share, and mirrors when successes and failures are swapped", () => {
    const counts = fc.tuple(fc.nat(100_000), fc.nat(100_000)).filter(([a, b]) => a + b > 0);
    fc.assert(
      fc.property(counts, ([yes, no]) => {
        const { low, high } = wilsonInterval(yes, yes + no) ?? { low: Number.NaN, high: Number.NaN };
        const share = yes / (yes + no);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(share);
        expect(high).toBeGreaterThanOrEqual(share);
        expect(high).toBeLessThanOrEqual(1);
        expect(wilsonInterval(no, yes + no)?.high).toBeCloseTo(1 - low, 12);
      }),
    );
  });
});
