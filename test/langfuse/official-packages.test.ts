import { LangfuseClient } from "@langfuse/client";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { propagateAttributes, setLangfuseTracerProvider, startObservation } from "@langfuse/tracing";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { createStandInLangfuse, type StandInAddress } from "../../src/testing.ts";
import {
  aRevision,
  aRun,
  FEEDBACK_ID,
  GENERATION_ID,
  RETRIEVER_ID,
  ROOT_ID,
  SUGGESTION_ID,
  TRACE_ID,
} from "./sources.ts";

const ALL_FIELDS = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context";
const standIn = createStandInLangfuse();
let address: StandInAddress;
let official: LangfuseClient;
const contextManager = new AsyncLocalStorageContextManager();

beforeAll(async () => {
  address = await standIn.start();
  official = new LangfuseClient(address);
  context.setGlobalContextManager(contextManager.enable());
});
afterAll(async () => {
  setLangfuseTracerProvider(null);
  context.disable();
  await standIn.close();
});

describe("the official packages against the stand-in", () => {
  it("send spans that the official client reads back", async () => {
    const processor = new LangfuseSpanProcessor({
      ...address,
      exportMode: "immediate",
      mediaUploadEnabled: false,
      environment: "staging",
      release: "r1",
    });
    const provider = new BasicTracerProvider({ spanProcessors: [processor] });
    setLangfuseTracerProvider(provider);
    const traceId = propagateAttributes(
      { userId: "u-1", sessionId: "s-1", traceName: "answer", tags: ["a", "b"] },
      () => {
        const root = startObservation("answer", { input: { q: "Hi" } }, { asType: "agent" });
        const generation = root.startObservation(
          "llm",
          {
            model: "gpt-x",
            modelParameters: { temperature: 0.2 },
            input: [{ role: "user", content: "Hi" }],
            usageDetails: { input: 11, output: 5 },
            costDetails: { total: 0.001 },
            completionStartTime: new Date(),
            prompt: { name: "p", version: 3, isFallback: false },
            metadata: { suggestionId: "sg_1" },
          },
          { asType: "generation" },
        );
        generation.update({ output: { role: "assistant", content: "Hello" } }).end();
        root.update({ output: "Hello" }).end();
        return root.traceId;
      },
    );
    await processor.forceFlush();
    await provider.shutdown();

    const { data } = await official.api.observations.getMany({ traceId, fields: ALL_FIELDS });
    expect(data).toHaveLength(2);
    const root = data.find(({ type }) => type === "AGENT");
    const generation = data.find(({ type }) => type === "GENERATION");
    expect(root).toMatchObject({
      name: "answer",
      parentObservationId: null,
      isRootObservation: true,
      input: '{"q":"Hi"}',
      output: "Hello",
      traceName: "answer",
      userId: "u-1",
      sessionId: "s-1",
      tags: ["a", "b"],
      environment: "staging",
      release: "r1",
    });
    expect(generation).toMatchObject({
      parentObservationId: root?.id,
      isRootObservation: false,
      model: "gpt-x",
      modelParameters: { temperature: 0.2 },
      usageDetails: { input: 11, output: 5, total: 16 },
      totalCost: 0.001,
      promptName: "p",
      promptVersion: 3,
      sessionId: "s-1",
      metadata: { suggestionId: "sg_1" },
    });
    expect(generation?.completionStartTime).toMatch(/Z$/);
  });

  it("create scores that the official client reads back", async () => {
    official.score.create({
      id: "score-a",
      traceId: "a".repeat(32),
      name: "helpful",
      value: 1,
      dataType: "BOOLEAN",
      comment: "yes",
    });
    official.score.create({ traceId: "a".repeat(32), observationId: "b".repeat(16), name: "tone", value: "warm" });
    await official.score.flush();
    const { data, meta } = await official.api.scoresV3.getManyV3({
      traceId: "a".repeat(32),
      fields: "details,subject",
    });
    expect(meta.limit).toBe(50);
    expect(data).toHaveLength(2);
    expect(data.find(({ id }) => id === "score-a")).toMatchObject({
      name: "helpful",
      dataType: "BOOLEAN",
      value: true,
      comment: "yes",
      subject: { kind: "trace", id: "a".repeat(32) },
    });
    expect(data.find(({ name }) => name === "tone")).toMatchObject({
      dataType: "CATEGORICAL",
      value: "warm",
      subject: { kind: "observation", id: "b".repeat(16), traceId: "a".repeat(32) },
    });
  });

  it("get the answers they expect on the remaining routes", async () => {
    expect((await official.api.health.health()).version).toBe("4.16.0");
    expect(await official.getTraceUrl(TRACE_ID)).toContain(TRACE_ID);
    await expect(official.api.trace.list()).rejects.toMatchObject({ statusCode: 404 });
    const query = {
      view: "observations",
      metrics: [{ measure: "count", aggregation: "count" }],
      fromTimestamp: "2000-01-01T00:00:00Z",
      toTimestamp: "2100-01-01T00:00:00Z",
    };
    const metrics = await official.api.metrics.metrics({ query: JSON.stringify(query) });
    expect(metrics.data).toEqual([{ count_count: standIn.observations().length }]);
    const { id } = await official.api.scores.create({ traceId: "c".repeat(32), name: "n", value: 0.5 });
    await official.api.legacy.scoreV1.delete(id);
    expect((await official.api.scoresV3.getManyV3({ id })).data).toEqual([]);
  });
});

describe("what our client sends, read by the official client", () => {
  it("is one trace with its generation, and the feedback's scores linked to it", async () => {
    const ours = createLangfuseClient({ ...address, fetch, timeoutMs: 5000 });
    expect(await ours.sendSpans(traceToSpans(aRun()).map(outgoingSpan))).toMatchObject({ kind: "accepted" });
    expect(await ours.sendScores(feedbackToScores(aRevision()).map(outgoingScore))).toEqual({
      kind: "accepted",
      rejected: new Map(),
    });

    const { data } = await official.api.observations.getMany({ traceId: TRACE_ID, fields: ALL_FIELDS });
    expect(data.map(({ id }) => id)).toEqual([GENERATION_ID, RETRIEVER_ID, ROOT_ID]);
    for (const row of data) {
      expect(row).toMatchObject({
        traceName: "generate-message-suggestion",
        tags: ["generate-message-suggestion"],
        sessionId: "ticket-7",
        userId: "bot-1",
        environment: "production",
        release: "v42",
        version: "7",
        level: "DEFAULT",
      });
      expect(row.metadata).toMatchObject({ suggestionId: SUGGESTION_ID, confidence: "0.83", status: "completed" });
    }
    const [generation, retriever, root] = data;
    expect(generation).toMatchObject({
      type: "GENERATION",
      parentObservationId: ROOT_ID,
      startTime: "2026-11-20T10:00:00.200Z",
      endTime: "2026-11-20T10:00:01.000Z",
      completionStartTime: "2026-11-20T10:00:00.450Z",
      latency: 0.8,
      timeToFirstToken: 0.25,
      model: "gpt-4.1-mini",
      modelParameters: { temperature: 0.2 },
      usageDetails: { input: 120, input_cached_tokens: 40, output: 9, total: 169 },
      costDetails: { total: 0.00042 },
      totalCost: 0.00042,
      promptName: "reply",
      promptVersion: 7,
      input: '[{"role":"user","content":"Where is my refund?"}]',
      output: "Your refund is on its way.",
    });
    expect(retriever).toMatchObject({ type: "RETRIEVER", input: "refund", output: '[{"id":"kb-1"}]' });
    expect(root).toMatchObject({ type: "AGENT", parentObservationId: null, isRootObservation: true });

    const scores = await official.api.scoresV3.getManyV3({
      traceId: TRACE_ID,
      observationId: GENERATION_ID,
      fields: "details,subject",
    });
    expect(Object.fromEntries(scores.data.map(({ name, value }) => [name, value]))).toEqual({
      feedback: "revision",
      accepted: false,
      "feedback-reason": "too generic",
      "kept-ratio": 0.9,
      "time-to-feedback": 61.5,
      output: "Your refund of €12 is on its way.",
    });
    for (const score of scores.data) {
      expect(score).toMatchObject({
        timestamp: "2026-11-20T10:01:01.623Z",
        environment: "production",
        subject: { kind: "observation", id: GENERATION_ID, traceId: TRACE_ID },
        metadata: { feedbackId: FEEDBACK_ID, source: "explicit", agentId: "agent-3" },
      });
    }
    expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });
  });
});
