import { assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { differenceOf } from "../../dashboard/src/stats/difference.ts";
import { changeOf } from "../../dashboard/src/overview/change.ts";

const of = (numerator: number, denominator: number) => ({ numerator, denominator });

// R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17 (1998),
// 873–890, table II, method 10: the 95 % intervals of his eight examples.
const NEWCOMBE = [
  [of(56, 70), of(48, 80), 0.2, 0.0524, 0.3339],
  [of(9, 10), of(3, 10), 0.6, 0.1705, 0.809],
  [of(6, 7), of(2, 7), 0.5714, 0.0582, 0.8062],
  [of(5, 56), of(0, 29), 0.0893, -0.0381, 0.1926],
  [of(0, 10), of(0, 20), 0, -0.1611, 0.2775],
  [of(0, 10), of(0, 10), 0, -0.2775, 0.2775],
  [of(10, 10), of(0, 20), 1, 0.6791, 1],
  [of(10, 10), of(0, 10), 1, 0.6075, 1],
] as const;

describe("differenceOf", () => {
  it.each(NEWCOMBE)("gives the published interval of %o and %o", (one, other, ...[difference, low, high]) => {
    const found = differenceOf(one, other);
    expect(found?.difference).toBeCloseTo(difference, 4);
    expect(found?.low).toBeCloseTo(low, 4);
    expect(found?.high).toBeCloseTo(high, 4);
  });

  it("gives the p-value of the pooled z-test", () => {
    // z = 0.2 / sqrt(0.69333 · 0.30667 · (1/70 + 1/80)) = 2.6503, two-sided 0.00804.
    expect(differenceOf(of(56, 70), of(48, 80))?.pValue).toBeCloseTo(0.00804, 4);
    expect(differenceOf(of(5, 10), of(5, 10))?.pValue).toBeCloseTo(1, 6);
    expect(differenceOf(of(10, 10), of(3, 3))?.pValue).toBe(1);
  });

  it("knows nothing where either has nothing to count", () => {
    expect(differenceOf(of(0, 0), of(1, 2))).toBeUndefined();
    expect(differenceOf(of(1, 2), of(0, 0))).toBeUndefined();
  });

  it("is the same the other way round, with the sign turned, and holds the difference", () => {
    const counted = integer({ min: 1, max: 5000 }).chain((n) => integer({ min: 0, max: n }).map((k) => of(k, n)));
    assert(
      property(counted, counted, (one, other) => {
        const [there, back] = [differenceOf(one, other), differenceOf(other, one)];
        if (there === undefined || back === undefined) throw new Error("both have something to count");
        expect(there.low).toBeCloseTo(-back.high, 9);
        expect(there.pValue).toBeCloseTo(back.pValue, 9);
        expect(there.low).toBeLessThanOrEqual(there.difference + 1e-12);
        expect(there.high).toBeGreaterThanOrEqual(there.difference - 1e-12);
        expect(there.pValue).toBeGreaterThanOrEqual(0);
        expect(there.pValue).toBeLessThanOrEqual(1 + 1e-6);
      }),
    );
  });
});

describe("changeOf", () => {
  it("is sure only where the interval leaves out zero, and good in the direction that is wished for", () => {
    expect(changeOf(of(560, 700), of(480, 800), "up")).toMatchObject({ isSure: true, isGood: true });
    expect(changeOf(of(560, 700), of(480, 800), "down")).toMatchObject({ isSure: true, isGood: false });
    expect(changeOf(of(6, 10), of(5, 10), "up")).toMatchObject({ isSure: false });
    expect(changeOf(of(6, 10), undefined, "up")).toBeUndefined();
  });
});
