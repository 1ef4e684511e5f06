import { describe, expect, it } from "vitest";
import { hourOf, startOfHour } from "../../src/domain/hour.ts";
import { daysBetween, localTimeIn, parseZone } from "../../src/domain/zone.ts";

const daysOf = (from: string, to: string, zone: string): string[] =>
  daysBetween(hourOf(new Date(from)), hourOf(new Date(to)), zone).map((hour) =>
    startOfHour(hour).toISOString().slice(0, 16),
  );

describe("the days of a zone", () => {
  it("have 23 and 25 hours where clocks are changed", () => {
    expect(daysOf("2026-03-28T12:00Z", "2026-03-30T12:00Z", "Europe/Berlin")).toEqual([
      "2026-03-27T23:00",
      "2026-03-28T23:00",
      "2026-03-29T22:00",
      "2026-03-30T22:00",
    ]);
    expect(daysOf("2026-10-25T00:00Z", "2026-10-25T23:00Z", "Europe/Berlin")).toEqual([
      "2026-10-24T22:00",
      "2026-10-25T23:00",
    ]);
  });

  it("begin with the first hour that starts on them where a zone is not whole hours from UTC", () => {
    expect(daysOf("2026-06-01T00:00Z", "2026-06-01T19:00Z", "Asia/Kathmandu")).toEqual([
      "2026-05-31T19:00",
      "2026-06-01T19:00",
    ]);
  });

  it.each([
    "UTC",
    "Etc/UTC",
    "Pacific/Apia",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Antarctica/Casey",
  ])("in %s are each hour's own, over ten years", (zone) => {
    const [from, to] = [hourOf(new Date("2008-01-01T00:00Z")), hourOf(new Date("2018-01-01T00:00Z"))];
    const starts = daysBetween(from, to, zone);
    const local = localTimeIn(zone);
    const dayOf = (hour: number): string => local.day(startOfHour(hour));
    expect(starts[0]).toBeLessThanOrEqual(from);
    expect(starts.at(-1)).toBeGreaterThanOrEqual(to);
    expect(starts.filter((start) => dayOf(start) === dayOf(start - 1))).toEqual([]);
    const ends = starts.slice(1);
    expect(ends.filter((end, i) => dayOf(end - 1) !== dayOf(starts[i] ?? 0))).toEqual([]);
  });

  it("are called by names of the time zone database only", () => {
    expect(parseZone("europe/berlin", "--zone")).toBe("Europe/Berlin");
    expect(() => parseZone("Berlin", "--zone")).toThrow('--zone: got "Berlin"; expected a time zone such as UTC');
  });
});
