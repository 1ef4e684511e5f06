import { describe, expect, it } from "vitest";
import { parseSpan, parseWindows } from "../../src/domain/expiry.ts";

const DAY_MS = 86_400_000;

describe("expiry windows", () => {
  it("are one for all, and others by agent function", () => {
    expect(parseWindows("7d")).toEqual({ expireAfterMs: 7 * DAY_MS, byFunction: new Map() });
    expect(parseWindows("2w, draft-reply = 2d ,classify=never,a=b=90m")).toEqual({
      expireAfterMs: 14 * DAY_MS,
      byFunction: new Map([
        ["draft-reply", 2 * DAY_MS],
        ["classify", null],
        ["a=b", 5_400_000],
      ]),
    });
    expect(parseWindows("never,draft-reply=2d")?.expireAfterMs).toBeNull();
  });

  it("are refused where a part of them cannot be read", () => {
    for (const text of ["", "soon", "7", "0d", "7d,", "7d,draft-reply", "7d,=2d", "7d,a=2d,a=3d", "a=2d", "7d,a=0m"])
      expect({ text, windows: parseWindows(text) }).toEqual({ text, windows: undefined });
  });

  it("know a span from nothing at all", () => {
    expect([parseSpan("15m"), parseSpan("never"), parseSpan("0m"), parseSpan("15 m")]).toEqual([
      900_000,
      null,
      undefined,
      undefined,
    ]);
  });
});
