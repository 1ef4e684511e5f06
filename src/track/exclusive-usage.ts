import type { Usage } from "../domain/observation.ts";

/** Tokens as a provider counts them: what is cached and reasoned is counted inside the two totals. */
export type TokenCounts = {
  readonly input: unknown;
  readonly cacheRead?: unknown;
  readonly cacheWrite?: unknown;
  readonly output: unknown;
  readonly reasoning?: unknown;
};

/** The same tokens in exclusive buckets; undefined where neither side is known. */
export function exclusiveUsage(counts: TokenCounts): Usage | undefined {
  const [input, output] = [countOf(counts.input), countOf(counts.output)];
  if (input === undefined && output === undefined) return undefined;
  const cacheRead = countOf(counts.cacheRead) ?? 0;
  const cacheWrite = countOf(counts.cacheWrite) ?? 0;
  const reasoning = countOf(counts.reasoning) ?? 0;
  const buckets: Record<string, number> = {};
  if (input !== undefined) buckets["input"] = Math.max(0, input - cacheRead - cacheWrite);
  if (cacheRead > 0) buckets["input_cached_tokens"] = cacheRead;
  if (cacheWrite > 0) buckets["input_cache_creation"] = cacheWrite;
  if (output !== undefined) buckets["output"] = Math.max(0, output - reasoning);
  if (reasoning > 0) buckets["output_reasoning_tokens"] = reasoning;
  buckets["total"] = (input ?? 0) + (output ?? 0);
  return buckets;
}

export const countOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
