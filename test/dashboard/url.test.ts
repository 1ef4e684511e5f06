import { describe, expect, it } from "vitest";
import { filterSearch, filtersOf } from "../../dashboard/src/url/filters.ts";
import { bucketFor, rangeBefore, rangeOf } from "../../dashboard/src/url/range.ts";
import { wayBack } from "../../dashboard/src/sign-in/way-back.ts";

const NOW = Date.parse("2026-11-22T10:20:30.400Z");
const read = (search: string) => filtersOf(new URLSearchParams(search), NOW);

describe("filtersOf", () => {
  it("reads range, zone and filters", () => {
    expect(read("range=30d&zone=Asia/Kolkata&function=draft&promptVersion=7&by=model")).toEqual({
      rangeName: "30d",
      range: { from: new Date("2026-10-23T11:00:00Z"), to: new Date("2026-11-22T11:00:00Z") },
      zone: "Asia/Kolkata",
      only: { function: "draft", promptVersion: "7" },
    });
  });

  it("takes what is said wrongly as not said", () => {
    const plain = read("");
    for (const search of [
      "range=soon",
      "range=toString",
      "zone=Mars/Olympus",
      "from=x&to=y",
      "from=2026-02-02",
      "model=",
    ])
      expect(read(search)).toEqual(plain);
    expect(read("from=2026-02-02&to=2026-02-01")).toEqual(plain);
  });

  it("takes an exact range before a named one", () => {
    expect(read("range=30d&from=2026-02-01&to=2026-02-03")).toMatchObject({
      rangeName: "custom",
      range: { from: new Date("2026-02-01"), to: new Date("2026-02-03") },
    });
  });

  it("a link carries the filters along and nothing else, and narrows down further", () => {
    const search = new URLSearchParams("range=7d&model=m&search=secret&by=model&zone=UTC");
    expect(filterSearch(search)).toBe("?range=7d&zone=UTC&model=m");
    expect(filterSearch(search, { model: "a&b", outcome: "rejected" })).toBe(
      "?range=7d&zone=UTC&model=a%26b&outcome=rejected",
    );
    expect(filterSearch(new URLSearchParams("by=model"))).toBe("");
  });
});

describe("ranges", () => {
  it("end with the running hour, so that the same hour asks the same question", () => {
    const early = rangeOf("24h", Date.parse("2026-11-22T10:00:00.001Z"));
    expect(rangeOf("24h", NOW)).toEqual(early);
    expect(early.to).toEqual(new Date("2026-11-22T11:00:00Z"));
  });

  it("are followed backwards without gap or overlap, by hours up to a week", () => {
    const week = rangeOf("7d", NOW);
    const before = rangeBefore(week);
    expect(before.to).toEqual(week.from);
    expect(week.from.getTime() - before.from.getTime()).toBe(week.to.getTime() - week.from.getTime());
    expect([bucketFor(week), bucketFor(rangeOf("30d", NOW))]).toEqual(["hour", "day"]);
  });
});

describe("the way back from signing in", () => {
  const back = (to: string) => wayBack(new URLSearchParams({ back: to }), "https://uptake.example.com");

  it("leads to a page of ours with its query", () => {
    expect(back("/mirror?zone=UTC")).toBe("/mirror?zone=UTC");
    expect(wayBack(new URLSearchParams(), "https://uptake.example.com")).toBe("/");
  });

  it.each([
    "https://evil.example/",
    "//evil.example/a",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://[",
    "https://uptake.example.com.evil.example/",
    "/sign-in?back=/sign-in",
  ])("leads nowhere else: %s", (to) => {
    expect(back(to)).toBe("/");
  });
});
