import { describe, expect, it } from "vitest";
import { parsePrices } from "../../src/domain/parse-prices.ts";

describe("a price list from outside", () => {
  it("is taken with null for a price that is not to be known, and with notes for people beside its models", () => {
    const models = { m: { input: 0.4, cachedInput: 0, output: 1.6, upToInputTokens: 200_000 }, unknown: null };
    expect(parsePrices({ asOf: "2026-11-01", models })).toEqual({ ok: true, prices: models });
  });

  it.each<[unknown, string]>([
    [undefined, "models: is missing or no object"],
    [[], "models: is missing or no object"],
    [{ models: [] }, "models: is missing or no object"],
    [{ models: { m: 4 } }, "models.m: expected an object of prices, or null"],
    [{ models: { m: { output: 1 } } }, "models.m.input: is missing"],
    [{ models: { m: { input: -1 } } }, "models.m.input: got -1; expected US dollars for a million tokens"],
    [{ models: { m: { input: "0.4" } } }, 'models.m.input: got "0.4"'],
    [{ models: { m: { input: Number.NaN } } }, "models.m.input: got null"],
    [{ models: { m: { input: 1, cached: 1 } } }, "models.m.cached: is no price; there are input, cachedInput"],
    [{ models: { m: { input: 1, upToInputTokens: 0.5 } } }, "models.m.upToInputTokens: got 0.5"],
    [{ models: { m: { input: 1e6 } } }, "models.m.input: got 1000000"],
  ])("is refused: %j", (value, problem) => {
    const parsed = parsePrices(value);
    expect(parsed).toMatchObject({ ok: false, problems: [expect.stringContaining(problem)] });
  });

  it("is refused with all that is wrong in it", () => {
    const parsed = parsePrices({ models: { a: { input: -1 }, b: 7, c: { input: 1 } } });
    expect(parsed).toMatchObject({ ok: false, problems: [{}, {}] });
  });
});
