import { assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { KNOWN_PRICES, PRICE_TABLE } from "../../src/domain/price-table.ts";
import { createCostOf, familyOf, type ModelPrice } from "../../src/domain/prices.ts";

const model = "m";
const costWith = (price: ModelPrice | null, usage: Record<string, number>, name = model) =>
  createCostOf({ [model]: price })({ model: name, usage });

const full: ModelPrice = { input: 0.4, cachedInput: 0.1, cacheWrite: 0.5, output: 1.6 };

describe("the cost of a call", () => {
  it("pays each token once, in its bucket: reasoning as output, `total` not at all", () => {
    const usage = {
      input: 1_000_000,
      input_cached_tokens: 2_000_000,
      input_cache_creation: 4_000_000,
      output: 3_000_000,
      output_reasoning_tokens: 1_000_000,
      total: 11_000_000,
    };
    expect(costWith(full, usage)).toBe(0.4 + 0.2 + 2 + 4 * 1.6);
  });

  it.each<[string, ModelPrice | null, Record<string, number>]>([
    ["no such model", null, { input: 1, output: 1 }],
    ["cached tokens without a price", { input: 1, output: 1 }, { input: 1, input_cached_tokens: 1, output: 1 }],
    ["a bucket that nobody knows", full, { input: 1, output: 1, output_audio_tokens: 5 }],
    ["no output counted, of a model that has a price for it", full, { input: 10 }],
    ["no input counted", full, { output: 10 }],
    ["the total alone", full, { total: 10 }],
    ["nothing counted", full, {}],
    ["output of a model that has none", { input: 1 }, { input: 1, output: 1 }],
    [
      "a longer call than the price holds for",
      { ...full, upToInputTokens: 10 },
      { input: 9, input_cached_tokens: 2, output: 1 },
    ],
  ])("is unknown, and not zero, with %s", (_, price, usage) => {
    expect(costWith(price, usage)).toBeUndefined();
  });

  it("is unknown of a model that is not in the list", () => {
    expect(costWith(full, { input: 1, output: 1 }, "another")).toBeUndefined();
    expect(costWith(full, { input: 1, output: 1 }, "toString")).toBeUndefined();
  });

  it("is known up to the longest call that the price holds for, and zero of no tokens at all", () => {
    expect(costWith({ ...full, upToInputTokens: 10 }, { input: 10, output: 0 })).toBe(0.000004);
    expect(costWith(full, { input: 0, output: 0 })).toBe(0);
    expect(costWith({ input: 0.02 }, { input: 1_000_000, total: 1_000_000 })).toBe(0.02);
    expect(costWith(full, { input: 1, output: 0, output_audio_tokens: 0 })).toBe(0.0000004);
  });

  it("is the double nearest to the true cost, without dust", () => {
    const tokens = integer({ min: 0, max: 2_000_000 });
    const price = integer({ min: 0, max: 20_000 }); // in tenths of a cent for a million tokens
    const call = record({ input: tokens, cached: tokens, output: tokens, inputPrice: price, outputPrice: price });
    assert(
      property(call, ({ input, cached, output, inputPrice, outputPrice }) => {
        const prices = { input: inputPrice / 1000, cachedInput: inputPrice / 4000, output: outputPrice / 1000 };
        const quarters = 4 * input * inputPrice + cached * inputPrice + 4 * output * outputPrice;
        // Quarters of a billionth of a dollar, written as a decimal number and read as such.
        const digits = String(BigInt(quarters) * 250n).padStart(13, "0");
        const exact = Number(`${digits.slice(0, -12)}.${digits.slice(-12)}`);
        expect(costWith(prices, { input, input_cached_tokens: cached, output })).toBe(exact);
      }),
    );
  });
});

describe("the family of a model", () => {
  it.each([
    ["gpt-4.1-2025-04-14", "gpt-4.1"],
    ["openai/gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"],
    ["claude-sonnet-4-5-20250929", "claude-sonnet-4-5"],
    ["anthropic/claude-opus-4-1@20250805", "claude-opus-4-1"],
    ["gemini-2.0-flash-001", "gemini-2.0-flash"],
    ["models/gemini-2.5-pro", "gemini-2.5-pro"],
    ["mistral-large-2411", "mistral-large-2411"],
    ["mistral-large-latest", "mistral-large-latest"],
    ["gpt-4o-audio-preview", "gpt-4o-audio-preview"],
    ["elsewhere/gpt-4.1", "elsewhere/gpt-4.1"],
    ["", ""],
  ])("of %s is %s", (name, family) => {
    expect(familyOf(name)).toBe(family);
  });

  it("gives a snapshot its price, unless it has one of its own or is not to be known", () => {
    const costOf = createCostOf({ m: { input: 1 }, "m-2024-05-13": { input: 2 }, "m-2024-01-01": null });
    const usage = { input: 1_000_000 };
    expect(costOf({ model: "openai/m-2025-04-14", usage })).toBe(1);
    expect(costOf({ model: "m-2024-05-13", usage })).toBe(2);
    expect(costOf({ model: "m-2024-01-01", usage })).toBeUndefined();
  });
});

describe("the table that Uptake comes with", () => {
  it("says of each provider as of when and from where, and names no model twice", () => {
    for (const { asOf, source } of PRICE_TABLE) {
      expect(asOf).toMatch(/^20\d{2}-\d{2}-\d{2}$/u);
      expect(source).toMatch(/^https:\/\//u);
    }
    const names = PRICE_TABLE.flatMap(({ models }) => Object.keys(models));
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(KNOWN_PRICES)).toEqual(names);
  });

  it("has prices that can be: cached input for less, output for no less than input, whole in picodollars a token", () => {
    for (const { input, cachedInput, cacheWrite, output } of Object.values(KNOWN_PRICES)) {
      expect(cachedInput ?? 0).toBeLessThan(input);
      expect(cacheWrite ?? input).toBeGreaterThanOrEqual(input);
      expect(output ?? input).toBeGreaterThanOrEqual(input);
      for (const price of [input, cachedInput ?? 0, cacheWrite ?? 0, output ?? 0]) {
        expect(Math.abs(price * 1e6 - Math.round(price * 1e6))).toBeLessThan(1e-6);
      }
    }
  });

  it("prices a call of gpt-4.1-mini as its provider would", () => {
    const usage = { input: 1200, input_cached_tokens: 800, output: 300, output_reasoning_tokens: 0, total: 2300 };
    expect(createCostOf(KNOWN_PRICES)({ model: "gpt-4.1-mini-2025-04-14", usage })).toBe(0.00104);
  });
});
