import { describe, expect, it } from "vitest";
import {
  formatAgo,
  formatCount,
  formatDuration,
  formatGrowth,
  formatInterval,
  formatMoment,
  formatPercent,
  formatPoints,
  formatPValue,
  formatRatio,
  formatUsd,
} from "../../dashboard/src/format/format.ts";
import { toCsv } from "../../dashboard/src/ui/csv.ts";

const plain = (text: string): string => text.replaceAll("\u00A0", " ");

describe("formats", () => {
  it("write what is not known as a dash, never as a zero", () => {
    const formats = [formatCount, formatPercent, formatPoints, formatPValue, formatRatio, formatDuration, formatUsd];
    expect(formats.map((format) => format(null))).toEqual(formats.map(() => "–"));
    expect([formatInterval(null, 1), formatMoment(null, "UTC"), formatAgo(null, 0)]).toEqual(["–", "–", "–"]);
  });

  it.each([
    [0, "0 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [59_940, "59.9 s"],
    [59_970, "1.0 min"],
    [3_599_999, "1.0 h"],
    [47.9 * 3_600_000, "47.9 h"],
    [48 * 3_600_000, "2.0 d"],
  ])("a duration of %d ms is %s", (ms, text) => {
    expect(plain(formatDuration(ms))).toBe(text);
  });

  it("writes shares, differences and chances", () => {
    expect(plain(formatPercent(0.625))).toBe("62.5 %");
    expect([0.032, -0.0321, 0.0001, -0.0001].map(formatPoints).map(plain)).toEqual([
      "+3.2 pp",
      "-3.2 pp",
      "+0.0 pp",
      "0.0 pp",
    ]);
    expect([0.0004, 0.0321].map(formatPValue).map(plain)).toEqual(["< 0.001", "0.032"]);
    expect([0.12, -0.031, -0.001].map(formatGrowth).map(plain)).toEqual(["+12 %", "-3 %", "0 %"]);
    expect([0.0123, 12.3].map(formatUsd)).toEqual(["$0.0123", "$12.30"]);
    expect(formatCount(1_234_567)).toBe("1,234,567");
  });

  it("writes moments by the ISO day and the 24 hour clock of the zone, midnight as 00:00", () => {
    expect(formatMoment("2026-03-29T00:30:00Z", "Europe/Berlin")).toBe("2026-03-29 01:30");
    expect(formatMoment("2026-03-29T01:30:00Z", "Europe/Berlin")).toBe("2026-03-29 03:30");
    expect(formatMoment("2026-03-28T18:30:00Z", "Asia/Kolkata")).toBe("2026-03-29 00:00");
    expect(formatMoment("2026-03-29T13:05:00Z", "Pacific/Auckland")).toBe("2026-03-30 02:05");
  });
});

describe("toCsv", () => {
  it("quotes as RFC 4180 has it, and leaves numbers exact and unknowns empty", () => {
    const rows = [['say "hi"', "a,b", "two\nlines", 0.1 + 0.2, null]];
    expect(toCsv({ head: ["a", "b", "c", "d", "e"], rows })).toBe(
      'a,b,c,d,e\r\n"say ""hi""","a,b","two\nlines",0.30000000000000004,\r\n',
    );
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])("disarms %j, which a spreadsheet would run", (text) => {
    expect(toCsv({ head: ["h"], rows: [[text]] })).toContain(`'${text}`);
    expect(toCsv({ head: ["h"], rows: [[-1]] })).toBe("h\r\n-1\r\n");
  });
});
