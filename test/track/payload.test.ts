import { describe, expect, it } from "vitest";
import { cutText, messageOf, nameOf, serialise } from "../../src/track/payload.ts";

const read = (value: unknown, maxChars?: number): unknown => {
  const json = serialise(value, maxChars);
  return json === undefined ? undefined : JSON.parse(json);
};

describe("serialise", () => {
  it("gives plain data as JSON.stringify does", () => {
    const plain = { a: [1, "two", null, true, { b: undefined, c: -0.5 }], 'key "é"': "\u2028" };
    expect(serialise(plain)).toBe(JSON.stringify(plain));
    expect(serialise(undefined)).toBeUndefined();
  });

  it("describes what JSON has no word for", () => {
    const circular: Record<string, unknown> = { name: "c" };
    circular["self"] = circular;
    class Ticket {
      id = 4;
    }
    const cause = new TypeError("deep");
    expect(
      read({
        circular,
        big: 12n,
        map: new Map<unknown, unknown>([["k", { v: 1n }]]),
        set: new Set([1, 2]),
        error: Object.assign(new Error("outer", { cause }), { status: 429 }),
        date: new Date(0),
        noDate: new Date(Number.NaN),
        fn: function named() {},
        symbol: Symbol("s"),
        nan: Number.NaN,
        bytes: new Uint8Array(3),
        ticket: new Ticket(),
        url: new URL("https://example.org/a"),
        items: [undefined],
      }),
    ).toEqual({
      circular: { name: "c", self: "[circular]" },
      big: "12",
      map: { map: [["k", { v: "1" }]] },
      set: { set: [1, 2] },
      error: { name: "Error", message: "outer", status: 429, cause: { name: "TypeError", message: "deep" } },
      date: "1970-01-01T00:00:00.000Z",
      noDate: "[invalid Date]",
      fn: "[function named]",
      symbol: "[Symbol(s)]",
      nan: "NaN",
      bytes: "[Uint8Array of 3 bytes]",
      ticket: { id: 4 },
      url: "https://example.org/a",
      items: [null],
    });
  });

  it("survives getters, toJSON and proxies that throw", () => {
    const boom = (): never => {
      throw new RangeError("boom");
    };
    const trapped = new Proxy({}, { getPrototypeOf: boom, ownKeys: boom, get: boom });
    const getter = Object.defineProperty({ ok: 1 }, "bad", { get: boom, enumerable: true });
    const odd = { toString: boom, toJSON: boom, [Symbol.toPrimitive]: boom };
    expect(read(getter)).toEqual({ ok: 1, bad: "[not readable: RangeError]" });
    expect(read(odd)).toBe("[not readable: RangeError]");
    expect(read([trapped])).toEqual(["[not readable: RangeError]"]);
    expect(() => messageOf(trapped)).not.toThrow();
    expect(() => nameOf(Object.assign(new Error("x"), { name: Symbol("s") }))).not.toThrow();
  });

  it("replaces what Postgres cannot hold", () => {
    expect(serialise({ a: "\0", b: "\ud800", c: "\\u0000" })).toBe('{"a":"\\ufffd","b":"\\ufffd","c":"\\\\u0000"}');
  });

  it("cuts what is too long and says how much", () => {
    expect(read("x".repeat(1_000_000))).toMatch(/^x+ \[cut: 800004 of 1000000 characters\]$/);
    const long = read({ texts: Array.from({ length: 1_000 }, () => "y".repeat(1_000)), after: 1 }, 10_000);
    expect(JSON.stringify(long).length).toBeLessThan(12_000);
    expect(JSON.stringify(long)).toMatch(/\[cut: 99\d of 1000 items\]/);
    expect(
      JSON.stringify(read(Object.fromEntries(Array.from({ length: 9_000 }, (_, i) => [`k${i}`, i])), 500)),
    ).toMatch(/"\[cut\]":"89\d\d of 9000 properties"/);
    expect(cutText("ab\ud83d\ude00", 3)).toBe("ab\ufffd [cut: 1 of 4 characters]");
  });

  it("neither follows endless depth nor hidden breadth", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(JSON.stringify(read(deep))).toContain("[cut: deeper than 64 levels]");
    let wide: unknown = { leaf: true };
    for (let level = 0; level < 40; level++) wide = { left: wide, right: wide };
    expect(serialise(wide)?.length).toBeLessThan(500_000);
    const sparse: unknown[] = [];
    sparse.length = 1e9;
    expect(serialise(sparse)?.length).toBeLessThan(500_000);
  });
});
