import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { UptakeError } from "../domain/errors.ts";
import { parsePrices } from "../domain/parse-prices.ts";
import { KNOWN_PRICES } from "../domain/price-table.ts";
import { type CostOf, createCostOf, type ModelPrices } from "../domain/prices.ts";

/** What turns prices off, in place of a file. */
const NONE = "none";

/**
 * The price list of a process: the table that Uptake comes with, under the file of `UPTAKE_PRICES`, under what code gives;
 * a model that is named again is replaced whole. Undefined where prices are off. Throws `invalid_configuration`.
 */
export function readCostOf({ prices: file }: Pick<Config, "prices">, given: ModelPrices = {}): CostOf | undefined {
  const inCode = checked("prices", { models: given });
  if (file === NONE) return Object.keys(inCode).length === 0 ? undefined : createCostOf(inCode);
  return createCostOf({ ...KNOWN_PRICES, ...(file === null ? {} : readPricesFile(file)), ...inCode });
}

/** The models of a price file. Throws `invalid_configuration` with everything that is wrong in it. */
export function readPricesFile(file: string): ModelPrices {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = "correct UPTAKE_PRICES or the file, or unset it for the table that Uptake comes with";
    throw new UptakeError("invalid_configuration", `${file}: cannot be read as JSON (${reason}); ${remedy}`, {
      facts: { file },
      cause: error,
    });
  }
  return checked(file, value);
}

function checked(place: string, value: unknown): ModelPrices {
  const parsed = parsePrices(value);
  if (parsed.ok) return parsed.prices;
  const lines = parsed.problems.map((problem) => `${place}: ${problem}`);
  throw new UptakeError("invalid_configuration", lines.join("\n"), {
    facts: { file: place, problems: parsed.problems },
  });
}
