import type { Usage } from "./observation.ts";

/** US dollars for a million tokens of one model; what is left out is unknown. */
export type ModelPrice = {
  readonly input: number;
  /** Input read from the provider's cache. */
  readonly cachedInput?: number | undefined;
  /** Input written to the provider's cache. */
  readonly cacheWrite?: number | undefined;
  /** Output, and reasoning with it. Left out where a model has none, as an embedding model has. */
  readonly output?: number | undefined;
  /** The prices hold for calls with so many input tokens at most, cached ones included; of longer ones the cost is unknown. */
  readonly upToInputTokens?: number | undefined;
};

/** Prices by model name; `null`: the model's price is not to be known, whatever another list says. */
export type ModelPrices = Readonly<Record<string, ModelPrice | null>>;

/** USD of one call; undefined where it does not know the model or the price of any of its tokens: unknown, not zero. */
export type CostOf = (call: { readonly model: string; readonly usage: Usage }) => number | undefined;

type Kind = "input" | "cachedInput" | "cacheWrite" | "output";
type Counts = Record<Kind, number>;

/** What a bucket of {@link Usage} is paid as. A bucket that is not here has a price that nobody knows. */
const PAID_AS = new Map<string, Kind>([
  ["input", "input"],
  ["input_cached_tokens", "cachedInput"],
  ["input_cache_read", "cachedInput"],
  ["input_cache_creation", "cacheWrite"],
  ["output", "output"],
  ["output_reasoning_tokens", "output"],
  ["output_reasoning", "output"],
]);
const KINDS = ["input", "cachedInput", "cacheWrite", "output"] as const satisfies readonly Kind[];

/**
 * A dollar for a million tokens is a million picodollars a token. Prices have few decimals, so in picodollars they are
 * whole numbers, sums of them are exact, and the one division at the end gives the double that is nearest to the true cost.
 */
const PICO_PER_USD = 1e12;
const picoPerToken = (usdPerMillion: number): number => Math.round(usdPerMillion * 1e6);

type Priced = { readonly pico: Partial<Counts>; readonly upToInputTokens: number };

/**
 * A function that tells the cost of a call from a price list. Each token is paid once, as its bucket says. The model is
 * looked up by its name, then by {@link familyOf} it. Pure, and the same time however long the list is.
 *
 * @example createCostOf({ m: { input: 0.4, output: 1.6 } })({ model: "m-2025-04-14", usage: { input: 1000, output: 500 } }) // 0.0012
 */
export function createCostOf(prices: ModelPrices): CostOf {
  const byModel = new Map(Object.entries(prices).map(([model, price]) => [model, price && pricedOf(price)]));
  return ({ model, usage }) => {
    // A null says that it is not to be known, so the family is not asked either.
    const exact = byModel.get(model);
    const price = exact === undefined ? byModel.get(familyOf(model)) : exact;
    if (price === undefined || price === null) return undefined;
    const counts = countsOf(usage);
    return counts === undefined ? undefined : costOfCounts(counts, price);
  };
}

function pricedOf({ upToInputTokens = Number.POSITIVE_INFINITY, ...perMillion }: ModelPrice): Priced {
  const pico: Partial<Counts> = {};
  for (const kind of KINDS) {
    const price = perMillion[kind];
    if (price !== undefined) pico[kind] = picoPerToken(price);
  }
  return { pico, upToInputTokens };
}

/** Tokens by what they are paid as; undefined where a bucket is unknown. `total` repeats the others. */
function countsOf(
  usage: Usage,
): { readonly counts: Counts; readonly hasInput: boolean; readonly hasOutput: boolean } | undefined {
  const counts: Counts = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0 };
  let hasInput = false;
  let hasOutput = false;
  for (const bucket in usage) {
    if (bucket === "total") continue;
    const kind = PAID_AS.get(bucket);
    const count = usage[bucket] ?? 0;
    if (kind === undefined) {
      if (count === 0) continue;
      return undefined;
    }
    counts[kind] += count;
    if (kind === "output") hasOutput = true;
    else hasInput = true;
  }
  return { counts, hasInput, hasOutput };
}

function costOfCounts(
  { counts, hasInput, hasOutput }: NonNullable<ReturnType<typeof countsOf>>,
  { pico, upToInputTokens }: Priced,
): number | undefined {
  // A side that nobody counted is unknown; a model without a price for output has none.
  if (!hasInput || (!hasOutput && pico.output !== undefined)) return undefined;
  if (counts.input + counts.cachedInput + counts.cacheWrite > upToInputTokens) return undefined;
  let sum = 0;
  for (const kind of KINDS) {
    if (counts[kind] === 0) continue;
    const price = pico[kind];
    if (price === undefined) return undefined;
    sum += counts[kind] * price;
  }
  return sum / PICO_PER_USD;
}

/** Who is named in front of a model by gateways that serve several: `openai/gpt-4.1`. */
const PROVIDER = /^(?:openai|anthropic|google|googleai|mistral|mistralai|models)\//u;
/** The day of a snapshot (`-2025-04-14`, `-20250514`, `@20250514`), or Google's number of one (`-001`). */
const SNAPSHOT = /(?:-\d{4}-\d{2}-\d{2}|[-@]20\d{6}|-00\d)$/u;

/**
 * The model that a snapshot belongs to, without its provider in front: `openai/gpt-4.1-2025-04-14` is of `gpt-4.1`. Nothing
 * else is taken off: `-latest` is another model every few months, and `-mini` has a price of its own.
 */
export const familyOf = (model: string): string => model.replace(PROVIDER, "").replace(SNAPSHOT, "");
