import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createUptake } from "../../src/create-uptake.ts";
import { readCostOf } from "../../src/server/read-prices.ts";

const scratch = mkdtempSync(join(tmpdir(), "uptake-prices-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let fileCount = 0;
function fileOf(content: unknown): string {
  const file = join(scratch, `${(fileCount += 1)}.json`);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}
const usage = { input: 1_000_000, output: 0 };

describe("the price list of a process", () => {
  it("is the table, under the file, under what code gives", () => {
    const prices = fileOf({ models: { "gpt-4.1": { input: 3, output: 1 }, o3: null, mine: { input: 5, output: 5 } } });
    const costOf = readCostOf({ prices }, { mine: { input: 6, output: 6 } });
    const cost = (model: string) => costOf?.({ model, usage });
    expect(["gpt-4.1-mini", "gpt-4.1", "o3", "mine"].map(cost)).toEqual([0.4, 3, undefined, 6]);
  });

  it("is empty with `none`, except for what code gives", () => {
    expect(readCostOf({ prices: "none" })).toBeUndefined();
    const costOf = readCostOf({ prices: "none" }, { mine: { input: 6, output: 6 } });
    expect([costOf?.({ model: "mine", usage }), costOf?.({ model: "gpt-4.1", usage })]).toEqual([6, undefined]);
  });

  it.each([
    [join(scratch, "nowhere.json"), /nowhere\.json: cannot be read as JSON \(ENOENT.*correct UPTAKE_PRICES/u],
    [fileOf("{"), /cannot be read as JSON/u],
    [fileOf({ models: { m: { input: "free" } } }), /\.json: models\.m\.input: got "free"; expected US dollars/u],
  ])("is refused whole where the file is wrong: %s", (prices, message) => {
    expect(() => readCostOf({ prices })).toThrow(
      expect.objectContaining({
        code: "invalid_configuration",
        message: expect.stringMatching(message) as unknown,
      }) as Error,
    );
  });

  it("is checked where code gives it, before anything opens", () => {
    const prices = { m: { input: -1 } };
    expect(() => createUptake({ dataDir: join(scratch, "data"), prices })).toThrow("prices: models.m.input: got -1");
  });
});
