import type { ModelPrice } from "./prices.ts";

/** What one provider asked on a day: US dollars for a million tokens, standard tier, text. */
type ProviderPrices = {
  readonly provider: string;
  /** The day on which these prices were last compared with their source. They may have changed since. */
  readonly asOf: string;
  readonly source: string;
  readonly models: Readonly<Record<string, ModelPrice>>;
};

/** Above this the provider asks more, so that the cost of such a call is unknown. */
const LONG = 200_000;

/**
 * The prices that Uptake comes with. Only models whose price was certain are here; batch, priority and regional prices,
 * audio, images and tools are not, and cache writes are those of five minutes. A model that is missing has an unknown
 * cost: name it in the file of `UPTAKE_PRICES`, or in code.
 */
export const PRICE_TABLE: readonly ProviderPrices[] = [
  {
    provider: "OpenAI",
    asOf: "2026-07-01",
    source: "https://platform.openai.com/docs/pricing; in part compared with the model prices that Langfuse ships",
    models: {
      "gpt-5.2": { input: 1.75, cachedInput: 0.175, output: 14 },
      "gpt-5.1": { input: 1.25, cachedInput: 0.125, output: 10 },
      "gpt-5": { input: 1.25, cachedInput: 0.125, output: 10 },
      "gpt-5-mini": { input: 0.25, cachedInput: 0.025, output: 2 },
      "gpt-5-nano": { input: 0.05, cachedInput: 0.005, output: 0.4 },
      "gpt-4.1": { input: 2, cachedInput: 0.5, output: 8 },
      "gpt-4.1-mini": { input: 0.4, cachedInput: 0.1, output: 1.6 },
      "gpt-4.1-nano": { input: 0.1, cachedInput: 0.025, output: 0.4 },
      "gpt-4o": { input: 2.5, cachedInput: 1.25, output: 10 },
      // The first snapshot kept its price when the later ones became cheaper.
      "gpt-4o-2024-05-13": { input: 5, output: 15 },
      "gpt-4o-mini": { input: 0.15, cachedInput: 0.075, output: 0.6 },
      "gpt-4-turbo": { input: 10, output: 30 },
      o3: { input: 2, cachedInput: 0.5, output: 8 },
      "o3-mini": { input: 1.1, cachedInput: 0.55, output: 4.4 },
      "o4-mini": { input: 1.1, cachedInput: 0.275, output: 4.4 },
      o1: { input: 15, cachedInput: 7.5, output: 60 },
      "text-embedding-3-small": { input: 0.02 },
      "text-embedding-3-large": { input: 0.13 },
      "text-embedding-ada-002": { input: 0.1 },
    },
  },
  {
    provider: "Anthropic",
    asOf: "2026-07-01",
    source:
      "https://docs.claude.com/en/docs/about-claude/pricing; in part compared with the model prices that Langfuse ships",
    models: {
      "claude-opus-4-7": { input: 5, cachedInput: 0.5, cacheWrite: 6.25, output: 25 },
      "claude-opus-4-6": { input: 5, cachedInput: 0.5, cacheWrite: 6.25, output: 25, upToInputTokens: LONG },
      "claude-opus-4-5": { input: 5, cachedInput: 0.5, cacheWrite: 6.25, output: 25 },
      "claude-opus-4-1": { input: 15, cachedInput: 1.5, cacheWrite: 18.75, output: 75 },
      "claude-opus-4": { input: 15, cachedInput: 1.5, cacheWrite: 18.75, output: 75 },
      "claude-sonnet-4-6": { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15, upToInputTokens: LONG },
      "claude-sonnet-4-5": { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15, upToInputTokens: LONG },
      "claude-sonnet-4": { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15, upToInputTokens: LONG },
      "claude-3-7-sonnet": { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15 },
      "claude-3-5-sonnet": { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15 },
      "claude-haiku-4-5": { input: 1, cachedInput: 0.1, cacheWrite: 1.25, output: 5 },
      "claude-3-5-haiku": { input: 0.8, cachedInput: 0.08, cacheWrite: 1, output: 4 },
      "claude-3-haiku": { input: 0.25, cachedInput: 0.03, cacheWrite: 0.3, output: 1.25 },
    },
  },
  {
    provider: "Google",
    asOf: "2026-07-01",
    source: "https://ai.google.dev/gemini-api/docs/pricing; in part compared with the model prices that Langfuse ships",
    models: {
      "gemini-2.5-pro": { input: 1.25, cachedInput: 0.125, output: 10, upToInputTokens: LONG },
      "gemini-2.5-flash": { input: 0.3, cachedInput: 0.03, output: 2.5 },
      "gemini-2.5-flash-lite": { input: 0.1, cachedInput: 0.01, output: 0.4 },
      "gemini-2.0-flash": { input: 0.1, output: 0.4 },
      "gemini-2.0-flash-lite": { input: 0.075, output: 0.3 },
    },
  },
  {
    // Mistral's snapshots have a year and a month, and each a price of its own: only these, by their whole names.
    provider: "Mistral",
    asOf: "2025-08-31",
    source: "https://mistral.ai/pricing",
    models: {
      "mistral-large-2411": { input: 2, output: 6 },
      "mistral-medium-2505": { input: 0.4, output: 2 },
      "mistral-small-2503": { input: 0.1, output: 0.3 },
      "ministral-8b-2410": { input: 0.1, output: 0.1 },
      "ministral-3b-2410": { input: 0.04, output: 0.04 },
      "codestral-2501": { input: 0.3, output: 0.9 },
      "mistral-embed": { input: 0.1 },
    },
  },
];

/** All of them by model name. */
export const KNOWN_PRICES: Readonly<Record<string, ModelPrice>> = Object.fromEntries(
  PRICE_TABLE.flatMap(({ models }) => Object.entries(models)),
);
