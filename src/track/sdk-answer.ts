import type { Usage } from "../domain/observation.ts";
import { exclusiveUsage } from "./exclusive-usage.ts";
import { isObject, type ModelAnswer, textOf } from "./model-answer.ts";

/**
 * Reads what the AI SDK's `generateText` and `generateObject` resolve with, and undefined for anything else; of several steps
 * the tokens of all. Known by members of their own: to ask a `streamText` result for its steps would read its stream.
 */
export function readSdkAnswer(value: unknown): ModelAnswer | undefined {
  if (!isObject(value)) return undefined;
  const isText = Object.hasOwn(value, "steps") && Array.isArray(value["steps"]) && typeof value["text"] === "string";
  if (!isText && !(Object.hasOwn(value, "object") && typeof value["toJsonResponse"] === "function")) return undefined;
  const { response, toolCalls } = value;
  const text = Array.isArray(toolCalls) && toolCalls.length > 0 ? value["content"] : value["text"];
  return {
    model: isObject(response) ? textOf(response["modelId"]) : undefined,
    usage: usageOf(value["totalUsage"] ?? value["usage"]),
    output: isText ? text : value["object"],
  };
}

function usageOf(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage;
  const input = isObject(usage["inputTokenDetails"]) ? usage["inputTokenDetails"] : {};
  const output = isObject(usage["outputTokenDetails"]) ? usage["outputTokenDetails"] : {};
  return exclusiveUsage({
    input: inputTokens,
    cacheRead: input["cacheReadTokens"] ?? cachedInputTokens,
    cacheWrite: input["cacheWriteTokens"],
    output: outputTokens,
    reasoning: output["reasoningTokens"] ?? reasoningTokens,
  });
}
