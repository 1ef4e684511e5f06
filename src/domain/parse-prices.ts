import type { ModelPrice, ModelPrices } from "./prices.ts";

/** A price list that was read, or everything that is wrong with it, each with its place. */
export type ParsedPrices =
  | { readonly ok: true; readonly prices: ModelPrices }
  | { readonly ok: false; readonly problems: readonly string[] };

const PRICE_FIELDS: readonly string[] = ["input", "cachedInput", "cacheWrite", "output"];
const FIELDS: readonly string[] = [...PRICE_FIELDS, "upToInputTokens"];
/** Beyond it a price is one for a token, or of another currency. */
const MOST_USD_PER_MILLION = 100_000;

/**
 * Reads a price list from outside: an object with `models`, each a price in US dollars for a million tokens, or null for a
 * model whose price is not to be known. Members of other names beside `models` are for people, such as a date.
 */
export function parsePrices(value: unknown): ParsedPrices {
  const models = isObject(value) ? value["models"] : undefined;
  if (!isObject(models)) {
    const expected = '{ "models": { "my-model": { "input": 0.4, "cachedInput": 0.1, "output": 1.6 } } }';
    return { ok: false, problems: [`models: is missing or no object; expected ${expected}`] };
  }
  const problems = Object.entries(models).flatMap(([model, price]) => problemsOf(`models.${model}`, price));
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, prices: models as Record<string, ModelPrice | null> };
}

function problemsOf(place: string, price: unknown): string[] {
  if (price === null) return [];
  if (!isObject(price)) return [`${place}: expected an object of prices, or null for an unknown price`];
  const unknown = Object.keys(price).filter((field) => !FIELDS.includes(field));
  const wrong = PRICE_FIELDS.filter((field) => field in price && !isPrice(price[field]));
  const limit = price["upToInputTokens"];
  return [
    ...unknown.map((field) => `${place}.${field}: is no price; there are ${FIELDS.join(", ")}`),
    ...wrong.map(
      (field) =>
        `${place}.${field}: got ${JSON.stringify(price[field])}; expected US dollars for a million tokens, such as 0.4`,
    ),
    ...("input" in price ? [] : [`${place}.input: is missing; every model has a price for input`]),
    ...(limit === undefined || (Number.isInteger(limit) && Number(limit) > 0)
      ? []
      : [`${place}.upToInputTokens: got ${JSON.stringify(limit)}; expected a whole number of tokens`]),
  ];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isPrice = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= MOST_USD_PER_MILLION;
