import { describe, expect, it } from "vitest";
import { survivalAt, survivalCurve, timeUntil } from "../../src/domain/survival.ts";

/** Weeks of remission with 6-mercaptopurine (Freireich et al. 1963): the textbook example, with its published estimates. */
const ended = [6, 6, 6, 7, 10, 13, 16, 22, 23];
const censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
const remissions = [
  ...censored.map((atMs) => ({ atMs, endedCount: 0, censoredCount: 1 })),
  ...ended.map((atMs) => ({ atMs, endedCount: 1, censoredCount: 0 })),
];

describe("the survival curve", () => {
  it("is that of the textbook, with those that were censored at the time of an ending still at risk", () => {
    const steps = survivalCurve(remissions);
    expect(steps.map(({ atMs, atRiskCount, survival }) => [atMs, atRiskCount, survival.toFixed(3)])).toEqual([
      [6, 21, "0.857"],
      [7, 17, "0.807"],
      [10, 15, "0.753"],
      [13, 12, "0.690"],
      [16, 11, "0.627"],
      [22, 7, "0.538"],
      [23, 6, "0.448"],
    ]);
    expect(timeUntil(steps, 0.5)).toBe(23);
    expect(timeUntil(steps, 0.6)).toBeNull();
  });

  it("is 1 before the first ending, and unknown where nobody has been watched for so long", () => {
    const steps = survivalCurve(remissions);
    expect([5, 6, 8, 35, 36].map((atMs) => survivalAt(steps, atMs, 35)?.toFixed(3))).toEqual([
      "1.000",
      "0.857",
      "0.807",
      "0.448",
      undefined,
    ]);
    expect(survivalCurve([])).toEqual([]);
  });

  it("ends at 0, for ever, when all have ended", () => {
    const steps = survivalCurve([{ atMs: 5, endedCount: 3, censoredCount: 0 }]);
    expect(survivalAt(steps, 1000, 5)).toBe(0);
    expect(timeUntil(steps, 1)).toBe(5);
  });
});
