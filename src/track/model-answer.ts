import type { Usage } from "../domain/observation.ts";

/** What a model's answer says about itself; absent is unknown. */
export type ModelAnswer = {
  readonly model?: string | undefined;
  readonly usage?: Usage | undefined;
  /** What the model said: the message of a chat completion, the output items of a response. */
  readonly output?: unknown;
};

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Reads OpenAI's two shapes, a chat completion and a response, and undefined for anything else. */
export function readModelAnswer(value: unknown): ModelAnswer | undefined {
  if (!isObject(value)) return undefined;
  const model = textOf(value["model"]);
  const usage = readUsage(value["usage"]);
  const choices = value["choices"];
  if (Array.isArray(choices)) {
    const messages = choices.map((choice: unknown) => (isObject(choice) ? choice["message"] : choice));
    return { model, usage, output: messages.length === 1 ? messages[0] : messages };
  }
  if (value["object"] === "response") return { model, usage, output: value["output"] };
  return undefined;
}

/**
 * OpenAI's token counts as exclusive buckets. OpenAI counts cached input inside the input and reasoning inside the
 * output (https://platform.openai.com/docs/api-reference/chat/object, `usage`); here each token is in one bucket.
 */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const input = countOf(usage["prompt_tokens"] ?? usage["input_tokens"]);
  const output = countOf(usage["completion_tokens"] ?? usage["output_tokens"]);
  if (input === undefined && output === undefined) return undefined;
  const cached = detail(usage["prompt_tokens_details"] ?? usage["input_tokens_details"], "cached_tokens");
  const reasoning = detail(usage["completion_tokens_details"] ?? usage["output_tokens_details"], "reasoning_tokens");
  const buckets: Record<string, number> = {};
  if (input !== undefined) buckets["input"] = Math.max(0, input - cached);
  if (cached > 0) buckets["input_cached_tokens"] = cached;
  if (output !== undefined) buckets["output"] = Math.max(0, output - reasoning);
  if (reasoning > 0) buckets["output_reasoning_tokens"] = reasoning;
  buckets["total"] = countOf(usage["total_tokens"]) ?? (input ?? 0) + (output ?? 0);
  return buckets;
}

/** Tokens a caller states: what is not a count is left out, and nothing left is unknown. */
export function checkUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const counts = Object.entries(usage).filter(([, count]) => countOf(count) !== undefined);
  return counts.length === 0 ? undefined : (Object.fromEntries(counts) as Usage);
}

/** All tokens of one side: `input` and its siblings such as `input_cached_tokens`. Undefined where none is stated. */
export function tokensOf(usage: Usage | undefined, side: "input" | "output"): number | undefined {
  let sum: number | undefined;
  for (const bucket in usage) {
    if (bucket === side || bucket.startsWith(`${side}_`)) sum = (sum ?? 0) + (usage[bucket] ?? 0);
  }
  return sum;
}

/** USD as a caller states it: a finite number that is not negative, else unknown. */
export const costOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

const countOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;

const detail = (details: unknown, key: string): number => (isObject(details) ? (countOf(details[key]) ?? 0) : 0);
