import { expect, it } from "vitest";
import { parseTimeRange } from "../../src/domain/time-range.ts";

const now = new Date("2026-11-22T10:20:30.400Z");

it("is the 24 hours before its end, which is now, unless told otherwise", () => {
  expect(parseTimeRange({}, now)).toEqual({ from: new Date("2026-11-21T10:20:30.400Z"), to: now });
  const to = "2026-11-20";
  expect(parseTimeRange({ from: "", to }, now)).toEqual({ from: new Date("2026-11-19"), to: new Date(to) });
  expect(parseTimeRange({ from: "7d" }, now).from).toEqual(new Date("2026-11-15T10:20:30.400Z"));
});

it("refuses what is no time, and a start that is not before the end", () => {
  expect(() => parseTimeRange({ from: "soon" }, now)).toThrow(/^--from: got "soon"/u);
  expect(() => parseTimeRange({ to: "2026-02-30" }, now)).toThrow(/^--to: got/u);
  expect(() => parseTimeRange({ from: "now" }, now)).toThrow(/^--from: .* is not before --to/u);
});
