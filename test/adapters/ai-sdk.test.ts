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
import { MockLanguageModelV3 } from "ai/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readUsage } from "../../src/adapters/ai-sdk/describe.ts";
import { createStreamedContent } from "../../src/adapters/ai-sdk/streamed-content.ts";
import { observeEmbeddingModel, observeLanguageModel } from "../../src/adapters/ai-sdk.ts";
import type { ObserveModelOptions } from "../../src/adapters/ai-sdk.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import type { Run } from "../../src/track/types.ts";
import { observationsOf, trackInMemory } from "../track/memory-recorder.ts";
import { answer, TEXT } from "./openai-script.ts";
import { startScriptedOpenAI } from "./scripted-openai.ts";
import type { ScriptedOpenAI } from "./scripted-openai.ts";

let server: ScriptedOpenAI;
beforeAll(async () => {
  server = await startScriptedOpenAI(answer);
});
afterAll(() => server.close());

const provider = () =>
  createOpenAICompatible({
    name: "scripted",
    baseURL: server.baseURL,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });

const modelNamed = (name: string, options?: ObserveModelOptions): LanguageModel =>
  wrapLanguageModel({ model: provider()(name), middleware: observeLanguageModel(options) });

const prompt = "Where is my refund?";
const usage = { input: 12, input_cached_tokens: 8, output: 5, output_reasoning_tokens: 4, total: 29 };
const quiet = { prompt, maxRetries: 0, onError: () => {} };

type Recorded = { readonly record: SuggestionRecord | undefined; readonly observations: readonly Observation[] };

async function recorded(calls: (run: Run) => unknown): Promise<Recorded> {
  const { tracker, records } = trackInMemory();
  const f = tracker.track("draft-reply", async (_: unknown, run) => void (await calls(run)));
  await f().catch(() => {});
  return { record: records[0], observations: observationsOf(records[0]).slice(1) };
}

async function readAll(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of chunks);
}

describe("what is recorded of an observed model", () => {
  const expected = {
    type: "generation",
    model: "gpt-4.1-mini-2025-04-14",
    input: [{ role: "user", content: [{ type: "text", text: prompt }] }],
    output: TEXT,
    usage,
  };

  it("is a generation: messages, text, parameters, tokens in exclusive buckets, finish reason, provider metadata", async () => {
    const { record, observations } = await recorded(() =>
      generateText({ model: modelNamed("gpt-4.1-mini"), prompt, temperature: 0.2, maxOutputTokens: 300 }),
    );
    expect(observations).toMatchObject([
      {
        ...expected,
        name: "ai.generate",
        modelParameters: { temperature: 0.2, maxOutputTokens: 300 },
        metadata: { finish_reason: "stop", provider: "scripted.chat", provider_metadata: { scripted: {} } },
      },
    ]);
    expect(record).toMatchObject({ inputTokens: 20, outputTokens: 9, costUsd: null, timeToFirstTokenMs: null });
  });

  it("is the text of a stream, with the time to its first token", async () => {
    const { record, observations } = await recorded(() =>
      readAll(streamText({ model: modelNamed("gpt-4.1-mini"), prompt }).textStream),
    );
    expect(observations).toMatchObject([{ ...expected, name: "ai.stream", metadata: { finish_reason: "stop" } }]);
    expect(observations[0]).not.toHaveProperty("level");
    expect(record?.timeToFirstTokenMs).toBeGreaterThanOrEqual(0);
  });

  it("has the time of the part that brought the first token, and not of one that only announces the answer", async () => {
    type Part =
      Awaited<ReturnType<MockLanguageModelV3["doStream"]>>["stream"] extends ReadableStream<infer P> ? P : never;
    const none = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined };
    const parts: readonly Part[] = [
      { type: "stream-start", warnings: [] },
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "A refund" },
      { type: "text-delta", id: "0", delta: " takes five days." },
      { type: "text-end", id: "0" },
      {
        type: "finish",
        finishReason: { unified: "stop", raw: "stop" },
        usage: { inputTokens: none, outputTokens: { total: undefined, text: undefined, reasoning: undefined } },
      },
    ];
    let atMs = Date.parse("2026-11-22T10:00:00Z");
    const left = parts.values();
    // A part a second, each when it is asked for.
    const pull = (controller: ReadableStreamDefaultController<Part>): void => {
      atMs += 1_000;
      const { value } = left.next();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    };
    const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
    const plain = new MockLanguageModelV3({ doStream: () => Promise.resolve({ stream }) });
    const model = wrapLanguageModel({ model: plain, middleware: observeLanguageModel() });
    const { tracker, records } = trackInMemory({ now: () => atMs });
    await tracker.track("draft-reply", () => readAll(streamText({ model, prompt }).textStream))();
    expect(records[0]?.timeToFirstTokenMs).toBe(3_000);
  });

  it("is one generation a step where tools are called, streamed or not", async () => {
    const tools = { search: tool({ inputSchema: z.object({ q: z.string() }), execute: () => "found" }) };
    const call = { type: "tool-call", toolCallId: "call_1", toolName: "search", input: '{"q":"refund"}' };
    const options = { model: modelNamed("gpt-4.1-mini"), prompt, tools, stopWhen: stepCountIs(3) };
    const whole = await recorded(() => generateText(options));
    const streamed = await recorded(() => readAll(streamText(options).fullStream));
    for (const { observations } of [whole, streamed]) {
      expect(observations).toMatchObject([
        { input: { tools: [{ name: "search" }] }, output: [call], metadata: { finish_reason: "tool-calls" } },
        { output: TEXT, metadata: { finish_reason: "stop" } },
      ]);
    }
  });

  it("names the format of structured output, and warns where it is cut", async () => {
    const output = Output.object({ schema: z.object({ days: z.number() }) });
    const { observations } = await recorded(async () => {
      await generateText({ model: modelNamed("json"), prompt, output });
      await generateText({ model: modelNamed("cut"), prompt, output });
    });
    expect(observations).toMatchObject([
      { modelParameters: { responseFormat: { type: "json" } }, output: '{"days":5}' },
      { level: "WARNING", statusMessage: "the answer was cut at the limit of tokens" },
    ]);
  });

  it("is an embedding for embeddings, whose vectors are counted, not kept", async () => {
    const plain = provider().textEmbeddingModel("text-embedding-3-small");
    const model = wrapEmbeddingModel({ model: plain, middleware: observeEmbeddingModel() });
    const { observations } = await recorded(() => embedMany({ model, values: ["a", "b"] }));
    expect(observations).toMatchObject([
      {
        type: "embedding",
        name: "ai.embed",
        model: "text-embedding-3-small",
        input: ["a", "b"],
        output: { embeddings: 2, dimensions: 3 },
        usage: { input: 5, total: 5 },
      },
    ]);
  });

  it("has a cost where the price list knows one", async () => {
    const model = modelNamed("gpt-4.1-mini", { costUsd: ({ usage }) => (usage["output"] ?? 0) / 100 });
    const { record } = await recorded(() => generateText({ model, prompt }));
    expect(record?.costUsd).toBe(0.05);
  });

  it("is nothing outside of a run, and nothing twice inside run.generate", async () => {
    const model = modelNamed("gpt-4.1-mini");
    await generateText({ model, prompt });
    const { observations } = await recorded((run) =>
      run.generate({ model: "m" }, () => generateText({ model, prompt })),
    );
    expect(observations).toHaveLength(1);
  });

  it.each(["observed", "not observed"])(
    "is told by run.generate around generateText, with a prompt; the model %s",
    async (which) => {
      const model = which === "observed" ? modelNamed("gpt-4.1-mini") : provider()("gpt-4.1-mini");
      const asked = { model: "m", prompt: { name: "reply", version: 7 } };
      const { record, observations } = await recorded((run) =>
        run.generate(asked, () => generateText({ model, prompt })),
      );
      const { type, model: named, output } = expected;
      expect(observations).toMatchObject([{ type, model: named, output, usage }]);
      expect(record).toMatchObject({ inputTokens: 20, outputTokens: 9, promptName: "reply", promptVersion: "7" });
    },
  );

  it("is told by run.generate around generateText with tools or an object: all steps' tokens, the last one's content", async () => {
    const answerOf = (result: object) => recorded((run) => run.generate({ model: "m" }, () => result));
    const calls = [{ type: "tool-call", toolName: "look" }];
    const sdk = { response: { modelId: "m-2" }, usage: { inputTokens: 1 } };
    const totalUsage = { inputTokens: 9, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 2 };
    const withTools = { ...sdk, steps: [{}, {}], text: "", content: calls, toolCalls: calls, totalUsage };
    expect((await answerOf(withTools)).observations).toMatchObject([
      {
        output: calls,
        model: "m-2",
        usage: { input: 5, input_cached_tokens: 4, output: 3, output_reasoning_tokens: 2, total: 14 },
      },
    ]);
    const withObject = { ...sdk, object: { a: 1 }, toJsonResponse: () => new Response() };
    expect((await answerOf(withObject)).observations).toMatchObject([
      { output: { a: 1 }, usage: { input: 1, total: 1 } },
    ]);
  });

  it("is a generation under what run.generate made of streamText, which calls the model only later", async () => {
    const model = modelNamed("gpt-4.1-mini");
    const asked = { model: "m", prompt: { name: "reply", version: 7 } };
    const { record, observations } = await recorded((run) =>
      readAll(run.generate(asked, () => streamText({ model, prompt })).textStream),
    );
    expect(observations.map(({ type, name }) => [type, name])).toEqual([
      ["span", "generation"],
      ["generation", "ai.stream"],
    ]);
    expect(record).toMatchObject({ inputTokens: 20, outputTokens: 9, promptName: "reply", promptVersion: "7" });
    expect(record?.timeToFirstTokenMs).not.toBeNull();
  });
});

describe("what is recorded of an observed model's call that does not end well", () => {
  it("is every attempt with its error and status", async () => {
    const { observations } = await recorded(() =>
      generateText({ model: modelNamed("status-503"), prompt, maxRetries: 1 }),
    );
    const failed = { level: "ERROR", statusMessage: "made-up 503", metadata: { http_status: 503 } };
    expect(observations).toMatchObject([failed, failed]);
  });

  it("is an error for one within a stream, with what came before", async () => {
    for (const name of ["error", "cut"]) {
      const { observations } = await recorded(() =>
        readAll(streamText({ ...quiet, model: modelNamed(name) }).fullStream),
      );
      expect(observations).toMatchObject([{ level: "ERROR", output: "A refund takes five" }]);
    }
  });

  it("is a warning where the caller aborts or stops reading", async () => {
    const { observations } = await recorded(async () => {
      const aborted = { ...quiet, model: modelNamed("gpt-4.1-mini"), abortSignal: AbortSignal.abort() };
      await generateText(aborted).catch(() => {});
      const abort = new AbortController();
      const stream = streamText({ ...quiet, model: modelNamed("hang"), abortSignal: abort.signal });
      for await (const part of stream.fullStream) if (part.type === "text-delta") abort.abort();
      const reasoned = { ...quiet, abortSignal: AbortSignal.abort(new Error("the user left")) };
      await generateText({ ...reasoned, model: modelNamed("gpt-4.1-mini") }).catch(() => {});
      await readAll(streamText({ ...reasoned, model: modelNamed("gpt-4.1-mini") }).fullStream).catch(() => {});
      const model = wrapEmbeddingModel({
        model: provider().textEmbeddingModel("text-embedding-3-small"),
        middleware: observeEmbeddingModel(),
      });
      await embedMany({ ...reasoned, model, values: ["a"] }).catch(() => {});
    });
    expect(observations).toMatchObject([
      { level: "WARNING", statusMessage: "aborted by the caller" },
      {
        level: "WARNING",
        statusMessage: "aborted by the caller",
        output: expect.stringMatching(/^A refund/u) as unknown,
      },
      ...[1, 2, 3].map(() => ({ level: "WARNING", statusMessage: "aborted by the caller" })),
    ]);
  });
});

describe("the content of a stream", () => {
  it("is kept within a bound, part by part in the order they began", () => {
    const content = createStreamedContent(100);
    expect(content.add({ type: "stream-start", warnings: [] })).toBe(false);
    expect(content.add({ type: "reasoning-delta", id: "0", delta: "hm" })).toBe(true);
    expect(content.add({ type: "text-delta", id: "0", delta: "A" })).toBe(true);
    content.add({ type: "reasoning-delta", id: "0", delta: "m" });
    content.add({ type: "file", mediaType: "image/png", data: "x".repeat(1_000) });
    for (let n = 0; n < 1_000; n++) content.add({ type: "text-delta", id: "1", delta: "more" });
    const { outputJson } = content.describe();
    expect(outputJson?.length).toBeLessThan(400);
    expect(JSON.parse(outputJson ?? "")).toMatchObject([
      { type: "reasoning", text: "hmm" },
      { type: "text", text: "A" },
      { type: "file" },
      expect.stringMatching(/^\[cut: \d+ of \d+ characters\]$/u),
    ]);
  });

  it("takes parts of any shape", () => {
    const content = createStreamedContent();
    for (const part of [undefined, null, 7, "text", {}, { type: "text-delta" }, { type: "finish" }]) content.add(part);
    expect(content.describe()).toEqual({ metadata: {} });
  });
});

describe("tokens as the AI SDK counts them", () => {
  const none = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined };
  it.each([
    [
      {
        inputTokens: { total: 10, noCache: 3, cacheRead: 5, cacheWrite: 2 },
        outputTokens: { total: 7, text: 4, reasoning: 3 },
      },
      { input: 3, input_cached_tokens: 5, input_cache_creation: 2, output: 4, output_reasoning_tokens: 3, total: 17 },
    ],
    [
      { inputTokens: { ...none, total: 10, cacheRead: 4 }, outputTokens: { total: 7 } },
      { input: 6, input_cached_tokens: 4, output: 7, total: 17 },
    ],
    [{ inputTokens: none, outputTokens: { total: undefined } }, undefined],
    [{ inputTokens: 10, outputTokens: 7 }, undefined],
    [undefined, undefined],
  ])("%j is %j", (given, expected) => expect(readUsage(given)).toEqual(expected));
});
