import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  embedMany,
  generateText,
  Output,
  stepCountIs,
  streamText,
  tool,
  wrapEmbeddingModel,
  wrapLanguageModel,
} from "ai";
import type { LanguageModel } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { observeEmbeddingModel, observeLanguageModel } from "../../src/adapters/ai-sdk.ts";
import { observationsOf, trackInMemory } from "../track/memory-recorder.ts";
import { answer } from "./openai-script.ts";
import { startScriptedOpenAI } from "./scripted-openai.ts";
import type { ScriptedOpenAI } from "./scripted-openai.ts";

let server: ScriptedOpenAI;
beforeAll(async () => {
  server = await startScriptedOpenAI(answer);
});
afterAll(() => server.close());

type Models = {
  readonly named: (name?: string) => LanguageModel;
  readonly embedding: Parameters<typeof embedMany>[0]["model"];
};

function models(observed: boolean): Models {
  const provider = createOpenAICompatible({
    name: "scripted",
    baseURL: server.baseURL,
    apiKey: "sk-1",
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  const plain = provider.textEmbeddingModel("text-embedding-3-small");
  return {
    named: (name = "gpt-4.1-mini") => {
      const model = provider(name);
      return observed ? wrapLanguageModel({ model, middleware: observeLanguageModel() }) : model;
    },
    embedding: observed ? wrapEmbeddingModel({ model: plain, middleware: observeEmbeddingModel() }) : plain,
  };
}

/** An error whole, but for its stack: its own properties say what the provider answered and whether it is worth another try. */
const told = (error: unknown): unknown =>
  error instanceof Error
    ? {
        ...Object.fromEntries(Object.entries(error)),
        class: error.constructor.name,
        message: error.message,
        cause: told(error.cause),
      }
    : error;

const failing = async (call: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return { unexpected: await call };
  } catch (error) {
    return told(error);
  }
};

const prompt = "Where is my refund?";
const quiet = { prompt, maxRetries: 0, onError: () => {} };
const tools = {
  search: tool({
    description: "Searches",
    inputSchema: z.object({ q: z.string() }),
    execute: ({ q }) => `found for ${q}`,
  }),
};

type Stream = { readonly fullStream: AsyncIterable<object> };

async function partsOf({ fullStream }: Stream, into: unknown[] = []): Promise<unknown[]> {
  for await (const part of fullStream) into.push("error" in part ? { ...part, error: told(part.error) } : part);
  return into;
}

const scenarios: Readonly<Record<string, (models: Models) => Promise<unknown>>> = {
  generateText: async ({ named }) => {
    const { text, usage, finishReason, providerMetadata, response, request, steps, warnings } = await generateText({
      model: named(),
      prompt,
      temperature: 0.2,
    });
    return [text, usage, finishReason, providerMetadata, response, request, steps.length, warnings];
  },
  "generateText with tools": async ({ named }) => {
    const result = await generateText({ model: named(), prompt, tools, stopWhen: stepCountIs(3) });
    return [result.text, result.steps.map(({ content, usage }) => [content, usage]), result.totalUsage];
  },
  "structured output": async ({ named }) => {
    const output = Output.object({ schema: z.object({ days: z.number() }) });
    return (await generateText({ model: named("json"), prompt, output })).output;
  },
  "structured output that is cut": ({ named }) => {
    const output = Output.object({ schema: z.object({ days: z.number() }) });
    return failing(generateText({ model: named("cut"), prompt, output }).then((result) => result.output));
  },
  streamText: async ({ named }) => {
    const result = streamText({ model: named(), prompt });
    return [await partsOf(result), await result.text, await result.usage, await result.providerMetadata];
  },
  "streamText with tools": async ({ named }) => {
    const result = streamText({ model: named(), prompt, tools, stopWhen: stepCountIs(3) });
    return [await partsOf(result), await result.text];
  },
  "a stream as an HTTP response": async ({ named }) =>
    streamText({ model: named(), prompt }).toTextStreamResponse().text(),
  "a stream that is aborted": async ({ named }) => {
    const abort = new AbortController();
    const parts: unknown[] = [];
    for await (const part of streamText({ ...quiet, model: named("hang"), abortSignal: abort.signal }).fullStream) {
      if (parts.push({ type: part.type }) === 4) abort.abort();
    }
    return parts;
  },
  "a stream whose reader leaves": async ({ named }) => {
    const parts: unknown[] = [];
    for await (const part of streamText({ ...quiet, model: named("hang") }).fullStream)
      if (parts.push(part.type) === 4) break;
    return parts;
  },
  "errors within a stream": async ({ named }) => [
    await partsOf(streamText({ ...quiet, model: named("error") })),
    await partsOf(streamText({ ...quiet, model: named("garbage") })),
    await failing(partsOf(streamText({ ...quiet, model: named("cut") }))),
  ],
  "a call that is aborted": ({ named }) =>
    failing(generateText({ ...quiet, model: named(), abortSignal: AbortSignal.abort() })),
  retries: async ({ named }) => failing(generateText({ model: named("status-503"), prompt, maxRetries: 1 })),
  embedMany: async ({ embedding }) => {
    const { embeddings, usage, values, warnings } = await embedMany({ model: embedding, values: ["a", "b"] });
    return [embeddings, usage, values, warnings];
  },
};
for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 503]) {
  Object.assign(scenarios, {
    [`status ${status}`]: async ({ named }: Models) => [
      await failing(generateText({ ...quiet, model: named(`status-${status}`) })),
      await partsOf(streamText({ ...quiet, model: named(`status-${status}`) })),
    ],
  });
}

/** Without the ids and times that the AI SDK makes up in every call, what the server's clock says, and a connection's port. */
const MADE_UP: readonly string[] = ["timestamp", "messageId", "date", "performance", "localPort"];

async function transcript(scenario: (models: Models) => Promise<unknown>, observed: boolean): Promise<string> {
  const seen = await scenario(models(observed));
  const text = JSON.stringify(
    { seen, asked: server.takeAsked() },
    (key, value: unknown) => (MADE_UP.includes(key) ? "…" : value),
    1,
  );
  return text.replace(/"aitxt-\w+"/gu, '"aitxt"');
}

describe("an observed model gives what a plain one gives", () => {
  it.each(Object.entries(scenarios))("%s", async (name, scenario) => {
    const plain = await transcript(scenario, false);
    const { tracker, records } = trackInMemory();
    const inside = await tracker.track("f", () => transcript(scenario, true))();
    expect(inside).toBe(plain);
    expect(await transcript(scenario, true)).toBe(plain);
    // What is not observed at all would be the same too: there is an observation for each request, or for the call that made none.
    const [record, ...more] = records;
    expect(more).toEqual([]);
    const calls = observationsOf(record).filter(({ type }) => type === "generation" || type === "embedding");
    const { asked } = JSON.parse(plain) as { readonly asked: readonly unknown[] };
    expect(calls).toHaveLength(name === "a call that is aborted" ? 1 : asked.length);
  });
});
