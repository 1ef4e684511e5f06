import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bucketOf,
  countOf,
  EMPTY_HISTOGRAM,
  histogramOf,
  mergeHistograms,
  quantile,
  valueOf,
} from "../../src/domain/histogram.ts";

const day = 86_400_000;

/** Durations of very different shape: all equal, uniform, over many orders of magnitude, two far peaks, a long tail. */
const durations = fc.oneof(
  fc
    .tuple(fc.double({ min: 1, max: day, noNaN: true }), fc.integer({ min: 1, max: 50 }))
    .map(([ms, n]) => Array<number>(n).fill(ms)),
  fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 1, maxLength: 200 }),
  fc.array(fc.integer({ min: 1, max: 30 * day }), { minLength: 1, maxLength: 200 }),
  fc.array(fc.double({ min: 0, max: Math.log(30 * day), noNaN: true }).map(Math.exp), { minLength: 1, maxLength: 200 }),
  fc.array(fc.oneof(fc.integer({ min: 90, max: 110 }), fc.integer({ min: 90_000, max: 110_000 })), {
    minLength: 1,
    maxLength: 200,
  }),
  fc.array(
    fc.double({ min: 1e-6, max: 1, noNaN: true }).map((u) => 100 * u ** -0.7),
    { minLength: 1, maxLength: 200 },
  ),
);

describe("a histogram", () => {
  it("gives every quantile within 2 % of the value at that rank", () => {
    fc.assert(
      fc.property(durations, fc.integer({ min: 0, max: 100 }), (values, percent) => {
        const sorted = values.toSorted((a, b) => a - b);
        const rank = Math.max(1, Math.floor((percent * values.length + 99) / 100));
        const exact = sorted[rank - 1] ?? Number.NaN;
        const estimate = quantile(histogramOf(values), percent / 100) ?? Number.NaN;
        expect(Math.abs(estimate - exact) / exact).toBeLessThanOrEqual(0.02 + 1e-9);
      }),
      { numRuns: 1000 },
    );
  });

  it("puts a value into a bucket whose own value is within 2 % of it", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e12, noNaN: true }), (ms) => {
        expect(Math.abs(valueOf(bucketOf(ms)) - ms) / ms).toBeLessThanOrEqual(0.02 + 1e-9);
      }),
      { numRuns: 1000 },
    );
  });

  it("holds up to 1 ms, and clocks that went back, in bucket 0", () => {
    expect([-5, 0, 0.3, 1].map(bucketOf)).toEqual([0, 0, 0, 0]);
    expect(bucketOf(1.001)).toBe(1);
  });

  it("of two parts merged is the histogram of the whole, in either order", () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const whole = histogramOf([...a, ...b]);
        expect(mergeHistograms(histogramOf(a), histogramOf(b))).toEqual(whole);
        expect(mergeHistograms(histogramOf(b), histogramOf(a))).toEqual(whole);
        expect(countOf(whole)).toBe(a.length + b.length);
      }),
    );
  });

  it("takes back what was added, to the last bucket", () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const part = histogramOf(b);
        const taken = { buckets: part.buckets, counts: part.counts.map((count) => -count) };
        expect(mergeHistograms(histogramOf([...a, ...b]), taken)).toEqual(histogramOf(a));
      }),
    );
  });

  it("merges repeated and unsorted entries as well", () => {
    expect(mergeHistograms({ buckets: [7, 3, 7], counts: [1, 2, -1] }, EMPTY_HISTOGRAM)).toEqual({
      buckets: [3],
      counts: [2],
    });
  });

  it("knows no quantile of nothing, and the smaller of two as their median", () => {
    expect(quantile(EMPTY_HISTOGRAM, 0.5)).toBeUndefined();
    expect(quantile(histogramOf([100, 10_000]), 0.5)).toBe(valueOf(bucketOf(100)));
  });
});
