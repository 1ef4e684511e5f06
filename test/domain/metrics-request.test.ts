import { describe, expect, it } from "vitest";
import { parseInstant } from "../../src/domain/instant.ts";
import { parseMetricsRequest, type MetricsRequestTexts } from "../../src/domain/metrics-request.ts";

const now = new Date("2026-11-22T10:20:30.400Z");
const instant = (text: string): string => parseInstant(text, "--from", now).toISOString();

describe("parseInstant", () => {
  it.each([
    ["now", "2026-11-22T10:20:30.400Z"],
    ["30m", "2026-11-22T09:50:30.400Z"],
    ["24h", "2026-11-21T10:20:30.400Z"],
    ["7d", "2026-11-15T10:20:30.400Z"],
    ["2w", "2026-11-08T10:20:30.400Z"],
    ["2026-11-01", "2026-11-01T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2026-11-01T10:00Z", "2026-11-01T10:00:00.000Z"],
    ["2026-11-01T10:00:05.25+05:30", "2026-11-01T04:30:05.250Z"],
  ])("reads %s", (text, expected) => {
    expect(instant(text)).toBe(expected);
  });

  it.each([
    "2026-02-30",
    "2025-02-29",
    "2026-13-01",
    "2026-11-01T25:00Z",
    "22.11.2026",
    "yesterday",
    "-7d",
    "7",
    "1e3h",
  ])("refuses %s and says what it takes", (text) => {
    expect(() => instant(text)).toThrow(/^--from: got ".*"; expected a date \(2026-11-22\)/u);
  });

  it("refuses a date-time without a zone, as it would mean another moment on every machine", () => {
    expect(() => instant("2026-11-01T10:00")).toThrow('"2026-11-01T10:00" has no time zone; add Z for UTC');
  });
});

const parse = (texts: MetricsRequestTexts) =>
  parseMetricsRequest(texts, { now, place: (name) => `--${name}`, bucket: "hour" });

describe("parseMetricsRequest", () => {
  it("asks for the last 24 hours by the hour when nothing is said", () => {
    const request = { from: new Date("2026-11-21T10:20:30.400Z"), to: now, bucket: "hour", by: [], zone: "UTC" };
    expect(parse({})).toEqual(request);
    expect(parse({ from: "", to: "", bucket: "", by: "", zone: "" })).toEqual(request);
  });

  it("takes a date for the beginning of that day in the zone, and a moment for itself", () => {
    const range = { from: "2026-03-29", to: "2026-03-30" };
    expect(parse({ ...range, zone: "europe/berlin" })).toMatchObject({
      from: new Date("2026-03-28T23:00Z"),
      to: new Date("2026-03-29T22:00Z"),
      zone: "Europe/Berlin",
    });
    expect(parse({ ...range, zone: "Pacific/Kiritimati" }).from).toEqual(new Date("2026-03-28T10:00Z"));
    expect(parse({ ...range, zone: "Pacific/Midway" }).from).toEqual(new Date("2026-03-29T11:00Z"));
    expect(parse({ from: "2026-03-29T00:00Z", zone: "Europe/Berlin", to: "now" }).from).toEqual(
      new Date("2026-03-29T00:00Z"),
    );
  });

  it("takes the 24 hours before the end when only that is given", () => {
    expect(parse({ to: "2026-11-10" }).from).toEqual(new Date("2026-11-09T00:00:00Z"));
  });

  it("splits by each named dimension once", () => {
    expect(parse({ by: "model, function,model" }).by).toEqual(["model", "function"]);
  });

  it("reports everything that is wrong together", () => {
    const wrong = { from: "soon", to: "2026-02-30", bucket: "week", by: "model,colour", zone: "Mars" };
    expect(() => parse(wrong)).toThrow(
      /^--to: .*\n--from: .*\n--bucket: .*hour, day, total\n--by: got "colour".*\n--zone: got "Mars".*$/u,
    );
  });

  it.each([
    ["1h", "2h"],
    ["2026-11-01", "2026-11-01"],
    ["now", "now"],
  ])("refuses the empty range from %s to %s", (from, to) => {
    expect(() => parse({ from, to })).toThrow(/^--from: .* is not before --to/u);
  });
});
