import type { Usage } from "../../domain/observation.ts";
import type { HandMadeUpdate } from "../../track/by-hand.ts";
import { isObject, textOf } from "../../track/model-answer.ts";
import { describeFinish } from "../finish.ts";
import { countOf, exclusiveUsage } from "../../track/exclusive-usage.ts";

type Fields = Readonly<Record<string, unknown>>;
export type ModelFacts = { readonly modelId: string; readonly provider: string };

const PARAMETERS =
  "maxOutputTokens temperature topP topK presencePenalty frequencyPenalty stopSequences seed toolChoice".split(" ");

/** Model, messages (with the tools, where there are any) and parameters of a call. */
export function describeParams(params: object, { modelId, provider }: ModelFacts): HandMadeUpdate {
  const given = params as Fields;
  const tools = given["tools"];
  const hasTools = Array.isArray(tools) && tools.length > 0;
  return {
    model: modelId,
    input: hasTools ? { messages: given["prompt"], tools } : given["prompt"],
    modelParameters: parametersOf(given),
    metadata: { provider },
  };
}

function parametersOf(params: Fields): Fields | undefined {
  const given = PARAMETERS.filter((name) => params[name] !== undefined).map((name) => [name, params[name]] as const);
  const format = params["responseFormat"];
  // The schema itself is long, and the same in every call.
  const shown = isObject(format) && format["type"] === "json" ? { type: "json", name: format["name"] } : undefined;
  const all = Object.fromEntries(shown === undefined ? given : [...given, ["responseFormat", shown] as const]);
  return Object.keys(all).length === 0 ? undefined : all;
}

/** What a result says: its content, or its text where there is nothing else. */
export function describeResult(result: object): HandMadeUpdate {
  const given = result as Fields;
  return { output: contentOf(given["content"]), ...describeAnswer(given) };
}

function contentOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  const texts = content.map((part: unknown) => (isObject(part) && part["type"] === "text" ? part["text"] : undefined));
  return texts.every((text) => typeof text === "string") ? texts.join("") : content;
}

/** What stands beside the content: model, tokens, finish reason, and what only this provider says. */
export function describeAnswer(answer: Fields): HandMadeUpdate {
  const { response, usage, finishReason, providerMetadata } = answer;
  const finish = describeFinish(isObject(finishReason) ? textOf(finishReason["unified"]) : textOf(finishReason));
  return {
    ...finish,
    model: isObject(response) ? textOf(response["modelId"]) : undefined,
    usage: readUsage(usage),
    metadata: { ...finish.metadata, provider_metadata: providerMetadata },
  };
}

/** The AI SDK's token counts as exclusive buckets. */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage) || !isObject(usage["inputTokens"]) || !isObject(usage["outputTokens"])) return undefined;
  const { total: input, noCache, cacheRead, cacheWrite } = usage["inputTokens"];
  const { total: output, text, reasoning } = usage["outputTokens"];
  return exclusiveUsage({
    input: input ?? sumOf(noCache, cacheRead, cacheWrite),
    cacheRead,
    cacheWrite,
    output: output ?? sumOf(text, reasoning),
    reasoning,
  });
}

/** A provider that knows the parts may leave out their sum. */
function sumOf(first: unknown, ...others: readonly unknown[]): number | undefined {
  const start = countOf(first);
  return start === undefined ? undefined : others.reduce<number>((sum, count) => sum + (countOf(count) ?? 0), start);
}

/** Vectors are large and tell a reader nothing, so their number and size stand for them. */
export function describeEmbeddings(result: object): HandMadeUpdate {
  const { embeddings, usage, providerMetadata } = result as Fields;
  const tokens = isObject(usage) ? countOf(usage["tokens"]) : undefined;
  const first: unknown = Array.isArray(embeddings) ? embeddings[0] : undefined;
  return {
    output: Array.isArray(embeddings)
      ? { embeddings: embeddings.length, dimensions: Array.isArray(first) ? first.length : undefined }
      : undefined,
    usage: tokens === undefined ? undefined : { input: tokens, total: tokens },
    metadata: { provider_metadata: providerMetadata },
  };
}
