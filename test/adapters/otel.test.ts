import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  observe,
  setLangfuseTracerProvider,
  startActiveObservation,
  startObservation,
  propagateAttributes,
} from "@langfuse/tracing";
import { context, trace, SpanStatusCode } from "@opentelemetry/api";
import type { Attributes, Span } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createSpanProcessor } from "../../src/adapters/otel.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import type { Run } from "../../src/track/types.ts";
import { metadataOf, observationsOf, trackInMemory } from "../track/memory-recorder.ts";
import { answer, TEXT } from "./openai-script.ts";
import { startScriptedOpenAI } from "./scripted-openai.ts";

const processor = createSpanProcessor({ activeSpan: () => trace.getActiveSpan() });
const provider = new BasicTracerProvider({ spanProcessors: [processor] });
const tracer = provider.getTracer("made-up-instrumentation");

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  setLangfuseTracerProvider(provider);
});
afterAll(async () => {
  setLangfuseTracerProvider(null);
  context.disable();
  await provider.shutdown();
});

type Recorded = { readonly record: SuggestionRecord | undefined; readonly observations: readonly Observation[] };

async function recorded(part: (run: Run) => unknown): Promise<Recorded> {
  const { tracker, records } = trackInMemory();
  await tracker.track("f", async (_: unknown, run) => void (await part(run)))();
  return { record: records[0], observations: observationsOf(records[0]).slice(1) };
}

/** What one span with these attributes becomes. */
async function observationOf(attributes: Attributes, more: (span: Span) => void = () => {}): Promise<Observation> {
  const { observations } = await recorded(() => {
    const span = tracer.startSpan("step", { attributes });
    more(span);
    span.end();
  });
  const [only] = observations;
  if (only === undefined || observations.length !== 1) throw new Error(`${observations.length} observations`);
  return only;
}

/** Names, indented by how deep they lie. */
function outline({ record }: Recorded): string[] {
  const all = observationsOf(record);
  const depthOf = (one: Observation | undefined): number =>
    one === undefined || one.parentId === null ? 0 : 1 + depthOf(all.find(({ id }) => id === one.parentId));
  return all.map((one) => `${"  ".repeat(depthOf(one))}${one.name}`);
}

const messages = [{ role: "user", content: "Where is my refund?" }];
const json = (value: unknown): string => JSON.stringify(value);
const usage = { input: 12, input_cached_tokens: 8, output: 5, output_reasoning_tokens: 4, total: 29 };

describe("a span made inside a tracked run", () => {
  it("is an observation with its times, and its attributes as metadata", async () => {
    const { observations } = await recorded(() => {
      const span = tracer.startSpan("query", {
        startTime: 1_760_000_000_250,
        attributes: { "db.system": "postgresql" },
      });
      span.end(1_760_000_001_500);
    });
    expect(observations).toMatchObject([
      {
        type: "span",
        name: "query",
        startTime: "2025-10-09T08:53:20.250Z",
        endTime: "2025-10-09T08:53:21.500Z",
        metadata: { attributes: { "db.system": "postgresql" }, scope: "made-up-instrumentation" },
      },
    ]);
  });

  it("lies in its parent, also across what Uptake itself observes", async () => {
    const seen = await recorded(async (run) => {
      await tracer.startActiveSpan("a", async (a) => {
        tracer.startSpan("a1").end();
        await run.observe("a2", async () => {
          await Promise.resolve();
          tracer.startActiveSpan("a21", (inner) => {
            run.observe("a211", () => {});
            inner.end();
          });
          run.observe("a22", () => {});
        });
        a.end();
      });
      tracer.startSpan("b", { root: true }).end();
      run.observe("c", () => {});
    });
    expect(outline(seen)).toEqual([
      "f",
      "  a",
      "    a1",
      "    a2",
      "      a21",
      "        a211",
      "      a22",
      "  b",
      "  c",
    ]);
  });

  it("goes into the run it was made in, of many at once", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", async (name: string) =>
      tracer.startActiveSpan(name, async (span) => {
        await new Promise((resolve) => setImmediate(resolve));
        tracer.startSpan(`${name}-inner`).end();
        span.end();
      }),
    );
    await Promise.all(["a", "b", "c"].map((name) => f(name)));
    for (const record of records) {
      const [root, outer, inner] = observationsOf(record);
      expect([outer?.name, inner?.name]).toEqual([root?.input, `${String(root?.input)}-inner`]);
      expect(inner?.parentId).toBe(outer?.id);
    }
    expect(records).toHaveLength(3);
  });

  it("goes into the run of its parent span, where the run itself is out of sight", async () => {
    let later: (() => void) | undefined;
    const outside = new Promise<void>((resolve) => (later = resolve));
    let parent: Span | undefined;
    const elsewhere = outside.then(() => {
      tracer.startSpan("inner", {}, trace.setSpan(context.active(), parent as Span)).end();
    });
    const seen = await recorded(async () => {
      parent = tracer.startSpan("outer");
      later?.();
      await elsewhere;
      parent.end();
    });
    expect(outline(seen)).toEqual(["f", "  outer", "    inner"]);
  });

  it("is left alone outside of runs, and so is its parent", async () => {
    tracer.startSpan("outside").end();
    const seen = await tracer.startActiveSpan("request", async (request) => {
      const seen = await recorded(() => tracer.startSpan("inside").end());
      request.end();
      return seen;
    });
    expect(outline(seen)).toEqual(["f", "  inside"]);
  });

  it("is counted and dropped where it begins or ends after its run; what was known stays", async () => {
    const before = processor.lateSpanCount();
    let open: Span | undefined;
    let begin: (() => void) | undefined;
    const { tracker, records, logged } = trackInMemory();
    await tracker.track("f", async () => {
      open = tracer.startSpan("open");
      begin = context.bind(context.active(), () =>
        tracer.startSpan("late", {}, trace.setSpan(context.active(), open as Span)).end(),
      );
    })();
    open?.setAttribute("gen_ai.request.model", "m").end();
    begin?.();
    expect(processor.lateSpanCount()).toBe(before + 2);
    expect(observationsOf(records[0]).slice(1)).toMatchObject([
      { name: "open", type: "span", level: "WARNING", statusMessage: "still open when the run ended" },
    ]);
    expect(logged).toMatchObject([{ event: "track.misused", level: "warn" }]);
  });

  it("is one of a bounded number", async () => {
    const { record, observations } = await recorded(() => {
      for (let n = 0; n < 1_500; n++) tracer.startSpan(`${n}`).end();
    });
    expect(observations).toHaveLength(999);
    expect(metadataOf(record)).toMatchObject({ observations_not_recorded: 501 });
  });

  it("fails with its status, else with its exception", async () => {
    const failed = await observationOf({}, (span) => span.setStatus({ code: SpanStatusCode.ERROR, message: "reset" }));
    expect(failed).toMatchObject({ level: "ERROR", statusMessage: "reset" });
    const threw = await observationOf({}, (span) => {
      span.recordException(new TypeError("no route"));
      span.setStatus({ code: SpanStatusCode.ERROR });
    });
    expect(threw).toMatchObject({ level: "ERROR", statusMessage: "no route" });
  });

  it.each([
    ["none", Number.NaN],
    ["nanoseconds taken for milliseconds", 1.76e18],
    ["microseconds taken for milliseconds", 1.76e15],
  ])("whose times are %s began and ended when it was said so, and costs nobody the run", async (_, odd) => {
    const { record, observations } = await recorded(() => {
      const span = tracer.startSpan("step", { startTime: odd, attributes: { "ai.response.msToFirstChunk": Infinity } });
      span.setAttribute("gen_ai.request.model", "m");
      span.end(odd);
    });
    expect(observations).toMatchObject([
      { name: "step", type: "generation", startTime: /^20\d\d-/u, endTime: /^20\d\d-/u },
    ]);
    expect(observations[0]).not.toHaveProperty("completionStartTime");
    expect(record?.status).toBe("completed");
  });

  it("never throws, whatever it holds", () => {
    const odd = {
      get attributes() {
        throw new Error("odd");
      },
    };
    expect(() => processor.onStart(odd as never, {} as never)).not.toThrow();
    expect(() => processor.onEnd(odd as never)).not.toThrow();
    expect(() => processor.onStart(null as never, null as never)).not.toThrow();
  });
});

describe("conventions", () => {
  it("of OpenTelemetry's gen_ai are understood", async () => {
    const observation = await observationOf({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5",
      "gen_ai.request.temperature": 0.2,
      "gen_ai.response.model": "gpt-5-2025-08-07",
      "gen_ai.response.finish_reasons": ["length"],
      "gen_ai.usage.input_tokens": 20,
      "gen_ai.usage.cache_read.input_tokens": 8,
      "gen_ai.usage.output_tokens": 9,
      "gen_ai.usage.reasoning.output_tokens": 4,
      "gen_ai.input.messages": json(messages),
      "gen_ai.output.messages": json([{ role: "assistant" }]),
      "gen_ai.conversation.id": "conversation-1",
    });
    expect(observation).toMatchObject({
      type: "generation",
      model: "gpt-5-2025-08-07",
      modelParameters: { temperature: 0.2 },
      input: messages,
      output: [{ role: "assistant" }],
      usage,
      level: "WARNING",
      metadata: { finish_reason: "length", attributes: { "gen_ai.provider.name": "openai" } },
    });
    expect(observation.modelParameters).toEqual({ temperature: 0.2 });
  });

  it("of gen_ai that put messages into events or spread them over attributes are understood, too", async () => {
    const inEvent = await observationOf({ "gen_ai.request.model": "m" }, (span) =>
      span.addEvent("gen_ai.client.inference.operation.details", { "gen_ai.input.messages": json(messages) }),
    );
    expect(inEvent).toMatchObject({ type: "generation", input: messages });
    const spread = await observationOf({
      "llm.request.type": "chat",
      "gen_ai.prompt.0.role": "user",
      "gen_ai.prompt.0.content": "Where is my refund?",
      "gen_ai.completion.0.content": TEXT,
      "gen_ai.usage.prompt_tokens": 3,
    });
    expect(spread).toMatchObject({
      type: "generation",
      input: messages,
      output: [{ content: TEXT }],
      usage: { input: 3, total: 3 },
    });
  });

  it.each([
    "gen_ai.usage.cache_creation.input_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
    "llm.token_count.prompt_details.cache_write",
  ])("count what was written to a cache once, as that: %s", async (name) => {
    const { usage: counted } = await observationOf({
      "gen_ai.request.model": "m",
      "gen_ai.usage.input_tokens": 20,
      [name]: 6,
    });
    expect(counted).toEqual({ input: 14, input_cache_creation: 6, total: 20 });
  });

  it("of OpenInference are understood", async () => {
    const llm = await observationOf({
      "openinference.span.kind": "LLM",
      "llm.model_name": "gpt-4.1-mini",
      "llm.invocation_parameters": json({ temperature: 0.2 }),
      "llm.token_count.prompt": 20,
      "llm.token_count.prompt_details.cache_read": 8,
      "llm.token_count.completion": 9,
      "llm.token_count.completion_details.reasoning": 4,
      "llm.cost.total": 0.01,
      "llm.input_messages.0.message.role": "user",
      "llm.input_messages.0.message.content": "Where is my refund?",
      "output.value": TEXT,
      "session.id": "session-1",
    });
    expect(llm).toMatchObject({
      type: "generation",
      model: "gpt-4.1-mini",
      modelParameters: { temperature: 0.2 },
      usage,
      costUsd: 0.01,
      input: [{ message: messages[0] }],
      output: TEXT,
    });
    const retriever = await observationOf({
      "openinference.span.kind": "RETRIEVER",
      "input.value": "refund",
      "retrieval.documents.0.document.content": "five days",
      "retrieval.documents.1.document.score": 0.5,
    });
    expect(retriever).toMatchObject({
      type: "retriever",
      input: "refund",
      output: [{ document: { content: "five days" } }, { document: { score: 0.5 } }],
    });
    const kinds = ["TOOL", "AGENT", "CHAIN", "GUARDRAIL", "EVALUATOR", "EMBEDDING", "RERANKER", "PROMPT", "nonsense"];
    const types: string[] = [];
    for (const kind of kinds) types.push((await observationOf({ "openinference.span.kind": kind })).type);
    expect(types).toEqual([
      "tool",
      "agent",
      "chain",
      "guardrail",
      "evaluator",
      "embedding",
      "retriever",
      "span",
      "span",
    ]);
  });

  it("of Langfuse's own SDK are understood: observe, startActiveObservation, startObservation, propagateAttributes", async () => {
    const search = observe(async (query: string) => [`found for ${query}`], { name: "search", asType: "retriever" });
    const completionStartTime = new Date(1_760_000_000_500);
    const seen = await recorded(() =>
      propagateAttributes({ userId: "jo", sessionId: "s-1", tags: ["beta"], metadata: { shop: "eu" } }, () =>
        startActiveObservation("plan", async (plan) => {
          plan.update({ input: { question: "Where?" }, metadata: { step: { n: 1 } } });
          await search("refund");
          const generation = startObservation("draft", {}, { asType: "generation" });
          generation.update({
            model: "gpt-4.1-mini",
            modelParameters: { temperature: 0.2 },
            input: messages,
            output: { role: "assistant", content: TEXT },
            usageDetails: usage,
            costDetails: { input: 0.01, output: 0.02 },
            completionStartTime,
            prompt: { name: "reply", version: 7, isFallback: false },
            level: "WARNING",
            statusMessage: "slow",
          });
          generation.end();
          plan.update({ output: "done" });
        }),
      ),
    );
    expect(outline(seen)).toEqual(["f", "  plan", "    search", "    draft"]);
    expect(seen.observations).toMatchObject([
      { type: "span", input: { question: "Where?" }, output: "done", metadata: { step: { n: 1 } } },
      { type: "retriever", input: "refund", output: ["found for refund"] },
      {
        type: "generation",
        model: "gpt-4.1-mini",
        modelParameters: { temperature: 0.2 },
        input: messages,
        output: { role: "assistant", content: TEXT },
        usage,
        costUsd: 0.03,
        completionStartTime: expect.any(String) as unknown,
        prompt: { name: "reply", version: 7 },
        level: "WARNING",
        statusMessage: "slow",
      },
    ]);
    expect(metadataOf(seen.record)).toMatchObject({ user_id: "jo", session_id: "s-1", tags: ["beta"], shop: "eu" });
    expect(seen.record).toMatchObject({
      model: "gpt-4.1-mini",
      promptName: "reply",
      promptVersion: "7",
      inputTokens: 20,
    });
  });

  it("of the AI SDK's telemetry are understood, its tokens counted once", async () => {
    const server = await startScriptedOpenAI(answer);
    const model = createOpenAICompatible({ name: "scripted", baseURL: server.baseURL, includeUsage: true })(
      "gpt-4.1-mini",
    );
    const tools = { search: tool({ inputSchema: z.object({ q: z.string() }), execute: ({ q }) => `found for ${q}` }) };
    const telemetry = { experimental_telemetry: { isEnabled: true, tracer } };
    const seen = await recorded(async () => {
      await generateText({ model, tools, prompt: "Where is my refund?", stopWhen: stepCountIs(3), ...telemetry });
      for await (const _ of streamText({ model, prompt: "Where is my refund?", ...telemetry }).textStream);
    });
    await server.close();
    expect(seen.observations.map(({ type, name, usage }) => [type, name, usage])).toEqual([
      ["span", "ai.generateText", undefined],
      ["generation", "ai.generateText.doGenerate", usage],
      ["tool", "ai.toolCall", undefined],
      ["generation", "ai.generateText.doGenerate", usage],
      ["span", "ai.streamText", undefined],
      ["generation", "ai.streamText.doStream", usage],
    ]);
    const [, first, call, , , streamed] = seen.observations;
    expect(first).toMatchObject({ model: "gpt-4.1-mini-2025-04-14", metadata: { finish_reason: "tool-calls" } });
    expect(call).toMatchObject({
      input: { q: "refund" },
      output: expect.stringContaining("found for refund") as unknown,
    });
    expect(streamed).toMatchObject({
      input: [{ role: "user" }],
      output: TEXT,
      completionStartTime: expect.any(String) as unknown,
    });
    expect(seen.record).toMatchObject({ inputTokens: 60, outputTokens: 27 });
  });
});

describe("one call that several spans tell of", () => {
  const llm = { "openinference.span.kind": "LLM", "llm.token_count.prompt": 5, "llm.token_count.completion": 2 };

  it("counts where it is told of innermost", async () => {
    const seen = await recorded(() => {
      tracer.startActiveSpan("outer", { attributes: llm }, (outer) => {
        tracer.startSpan("inner", { attributes: llm }).end();
        outer.end();
      });
    });
    expect(seen.observations).toMatchObject([{ type: "span" }, { type: "generation", usage: { input: 5, output: 2 } }]);
    expect(seen.observations[0]).not.toHaveProperty("usage");
    expect(seen.record).toMatchObject({ inputTokens: 5, outputTokens: 2 });
  });

  it("counts as run.generate tells it, where that is around it", async () => {
    const seen = await recorded((run) =>
      run.generate({ model: "m" }, async (generation) => {
        generation.update({ usage: { input: 7, output: 3 } });
        tracer.startSpan("inner", { attributes: llm }).end();
      }),
    );
    expect(seen.observations).toMatchObject([{ type: "generation" }, { type: "span", name: "inner" }]);
    expect(seen.record).toMatchObject({ inputTokens: 7, outputTokens: 3 });
  });
});

describe("what spans say of the whole trace", () => {
  it("is the suggestion's metadata: tags, user, session", async () => {
    const { record } = await recorded(() => {
      tracer
        .startSpan("a", { attributes: { "langfuse.trace.tags": ["beta"], "user.id": "jo", "session.id": "s-1" } })
        .end();
      tracer.startSpan("b", { attributes: { "langfuse.trace.metadata.shop": "eu" } }).end();
    });
    expect(metadataOf(record)).toMatchObject({ tags: ["beta"], user_id: "jo", session_id: "s-1", shop: "eu" });
  });
});
