import { describe, expect, it } from "vitest";
import { parseIntegerLists, parseIntegers } from "../../src/store/array-text.ts";
import { describeEachDatabase } from "../support/databases.ts";

describe("the text of an array", () => {
  it("is read as the integers that it holds", () => {
    expect(parseIntegers("{}")).toEqual([]);
    expect(parseIntegers("{7}")).toEqual([7]);
    expect(parseIntegers("{1,-2,9007199254740991}")).toEqual([1, -2, 9_007_199_254_740_991]);
  });

  it("is left to others where it is more than a plain list of integers", () => {
    for (const text of ["{1,NULL}", "{{1,2},{3,4}}", "[0:1]={1,2}"]) expect(parseIntegers(text)).toBeUndefined();
  });

  it("may follow another", () => {
    expect(parseIntegerLists("")).toEqual([]);
    expect(parseIntegerLists("{}{}")).toEqual([[], []]);
    expect(parseIntegerLists("{1,2}{-3}{}")).toEqual([[1, 2], [-3], []]);
  });
});

describeEachDatabase("arrays of integers", (open) => {
  it("are numbers in rows, whatever the type, with nulls and in several dimensions", async () => {
    const db = await open();
    const rows = await db.query(
      `select array[1, -2]::smallint[] as small, '{}'::integer[] as none, array[3, null]::bigint[] as big,
         array[[1, 2], [3, 4]] as grid`,
    );
    expect(rows).toEqual([
      {
        small: [1, -2],
        none: [],
        big: [3, null],
        grid: [
          [1, 2],
          [3, 4],
        ],
      },
    ]);
  });
});
