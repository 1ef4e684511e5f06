import { LangfuseOtelSpanAttributes } from "@langfuse/core";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { ATTRIBUTE } from "../../src/langfuse/otlp-attributes.ts";
import { spansRequest, spansRequestJson, traceToSpans } from "../../src/langfuse/otlp.ts";
import { UPTAKE_VERSION } from "../../src/langfuse/version.ts";
import { attributesOf } from "./attributes.ts";
import { aRun, GENERATION_ID, RETRIEVER_ID, ROOT_ID, SUGGESTION_ID, TRACE_ID } from "./sources.ts";

const OF_TRACE = {
  "langfuse.trace.name": "generate-message-suggestion",
  "session.id": "ticket-7",
  "user.id": "bot-1",
  "langfuse.trace.tags": { values: [{ stringValue: "generate-message-suggestion" }] },
  "langfuse.environment": "production",
  "langfuse.release": "v42",
  "langfuse.version": "7",
  "langfuse.trace.metadata.suggestionId": SUGGESTION_ID,
  "langfuse.trace.metadata.ticketId": "ticket-7",
  "langfuse.trace.metadata.messageId": "message-9",
  "langfuse.trace.metadata.confidence": "0.83",
  "langfuse.trace.metadata.status": "completed",
};

describe("traceToSpans", () => {
  it("makes a parentless root and its children, with times exact to the millisecond", () => {
    const spans = traceToSpans(aRun()).map(({ attributes: _attributes, ...span }) => span);
    expect(spans).toEqual([
      {
        traceId: TRACE_ID,
        spanId: ROOT_ID,
        name: "generate-message-suggestion",
        kind: 1,
        startTimeUnixNano: "1795168800123000000",
        endTimeUnixNano: "1795168801023000000",
        status: { code: 0 },
      },
      {
        traceId: TRACE_ID,
        spanId: RETRIEVER_ID,
        parentSpanId: ROOT_ID,
        name: "search-knowledge",
        kind: 1,
        startTimeUnixNano: "1795168800130000000",
        endTimeUnixNano: "1795168800190000000",
        status: { code: 0 },
      },
      {
        traceId: TRACE_ID,
        spanId: GENERATION_ID,
        parentSpanId: ROOT_ID,
        name: "reply",
        kind: 1,
        startTimeUnixNano: "1795168800200000000",
        endTimeUnixNano: "1795168801000000000",
        status: { code: 0 },
      },
    ]);
  });

  it("puts the trace's own attributes on every span and marks only the root as one", () => {
    const [root, retriever, generation] = traceToSpans(aRun()).map(attributesOf);
    for (const span of [root, retriever, generation]) expect(span).toMatchObject(OF_TRACE);
    expect(root?.["langfuse.internal.is_app_root"]).toBe(true);
    expect(retriever).not.toHaveProperty("langfuse.internal.is_app_root");
  });

  it("writes texts as they are and everything else as JSON", () => {
    const [root, retriever, generation] = traceToSpans(aRun()).map(attributesOf);
    expect(root).toEqual({
      ...OF_TRACE,
      "langfuse.observation.type": "agent",
      "langfuse.observation.input": '{"ticketId":"ticket-7"}',
      "langfuse.observation.output": "Your refund is on its way.",
      "langfuse.observation.metadata.channel": "chat",
      "langfuse.internal.is_app_root": true,
    });
    expect(retriever).toEqual({
      ...OF_TRACE,
      "langfuse.observation.type": "retriever",
      "langfuse.observation.input": "refund",
      "langfuse.observation.output": '[{"id":"kb-1"}]',
      "langfuse.observation.metadata.index": "kb",
      "langfuse.observation.metadata.hits": "1",
    });
    expect(generation).toEqual({
      ...OF_TRACE,
      "langfuse.observation.type": "generation",
      "langfuse.observation.input": '[{"role":"user","content":"Where is my refund?"}]',
      "langfuse.observation.output": "Your refund is on its way.",
      "langfuse.observation.model.name": "gpt-4.1-mini",
      "langfuse.observation.model.parameters": '{"temperature":0.2}',
      "langfuse.observation.usage_details": '{"input":120,"input_cached_tokens":40,"output":9}',
      "langfuse.observation.cost_details": '{"total":0.00042}',
      "langfuse.observation.completion_start_time": "2026-11-20T10:00:00.450Z",
      "langfuse.observation.prompt.name": "reply",
      "langfuse.observation.prompt.version": 7,
    });
  });

  it("takes a list of texts among the suggestion's metadata for tags, on every span and nowhere else", () => {
    const tags = ["vip", "", 7, "generate-message-suggestion", "eu"];
    for (const span of traceToSpans(aRun({ metadata: { tags } })).map(attributesOf)) {
      expect(span["langfuse.trace.tags"]).toEqual({
        values: ["generate-message-suggestion", "vip", "eu"].map((stringValue) => ({ stringValue })),
      });
      expect(span).not.toHaveProperty("langfuse.observation.metadata.tags");
    }
    const [root] = traceToSpans(aRun({ metadata: { tags: "vip" } })).map(attributesOf);
    expect(root?.["langfuse.observation.metadata.tags"]).toBe("vip");
  });

  it("gives the same bytes for the same row", () => {
    expect(JSON.stringify(traceToSpans(aRun()))).toBe(JSON.stringify(traceToSpans(aRun())));
  });

  it("says on a failed run's root what failed", () => {
    const failed = aRun({ status: "error", errorType: "TypeError", errorMessage: "fetch failed" });
    const [root, , generation] = traceToSpans(failed);
    expect(root?.status).toEqual({ code: 2, message: "TypeError: fetch failed" });
    expect(attributesOf(root)).toMatchObject({
      "langfuse.observation.level": "ERROR",
      "langfuse.observation.status_message": "TypeError: fetch failed",
      "langfuse.trace.metadata.status": "error",
    });
    expect(generation?.status).toEqual({ code: 0 });
  });

  it("sends no cost and no usage where they are unknown", () => {
    const source = aRun();
    const bare = source.observations?.map(({ costUsd: _cost, usage: _usage, ...rest }) => rest) ?? [];
    for (const span of traceToSpans({ ...source, observations: bare }).map(attributesOf)) {
      expect(span).not.toHaveProperty("langfuse.observation.cost_details");
      expect(span).not.toHaveProperty("langfuse.observation.usage_details");
    }
  });

  it.each(["v3-beta", "7-beta", 70_000, 1.5])(
    "keeps prompt version %s, which Langfuse cannot hold, as metadata",
    (version) => {
      const source = aRun();
      const observations = source.observations?.map((o) => ({ ...o, prompt: { name: "reply", version } })) ?? [];
      const generation = attributesOf(traceToSpans({ ...source, observations })[2]);
      expect(generation).not.toHaveProperty("langfuse.observation.prompt.version");
      expect(generation["langfuse.observation.metadata.promptVersion"]).toBe(String(version));
    },
  );

  it("replaces what Postgres cannot hold either: NUL and half characters", () => {
    const source = aRun();
    const observations =
      source.observations?.map((o) => ({ ...o, input: "a\0b\uD83D", output: { x: "\0", y: "😀" } })) ?? [];
    const root = attributesOf(traceToSpans({ ...source, observations })[0]);
    expect(root["langfuse.observation.input"]).toBe("a\uFFFDb\uFFFD");
    expect(root["langfuse.observation.output"]).toBe('{"x":"\\ufffd","y":"😀"}');
  });

  it("leaves out what is not known instead of sending it empty", () => {
    const [root] = traceToSpans(
      aRun({
        ticketId: null,
        messageId: null,
        systemUserId: null,
        release: null,
        confidenceScore: null,
        promptVersion: null,
      }),
    ).map(attributesOf);
    expect(
      Object.keys(root ?? {}).filter((key) => /session|user|release|version|ticketId|messageId|confidence/.test(key)),
    ).toEqual([]);
  });

  it("makes a root and one generation of a row that nobody recorded", () => {
    const rows = traceToSpans(aRun({ observations: null, observationId: null, latencyMs: 250, metadata: {} }));
    expect(
      rows.map(({ spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano }) => [
        spanId,
        parentSpanId,
        startTimeUnixNano,
        endTimeUnixNano,
      ]),
    ).toEqual([
      [ROOT_ID, undefined, "1795168800123000000", "1795168800373000000"],
      [RETRIEVER_ID, ROOT_ID, "1795168800123000000", "1795168800373000000"],
    ]);
    const [root, generation] = rows.map(attributesOf);
    expect(root).toMatchObject({
      "langfuse.observation.type": "agent",
      "langfuse.observation.output": "Your refund is on its way.",
      "langfuse.observation.metadata.madeFromRow": "true",
    });
    expect(root).not.toHaveProperty("langfuse.observation.metadata.latencyUnknown");
    expect(generation).toMatchObject({
      "langfuse.observation.usage_details": '{"input":160,"output":9}',
      "langfuse.observation.cost_details": '{"total":0.00042}',
      "langfuse.observation.completion_start_time": "2026-11-20T10:00:00.450Z",
      "langfuse.observation.type": "generation",
      "langfuse.observation.model.name": "gpt-4.1-mini",
      "langfuse.observation.prompt.name": "reply",
      "langfuse.observation.prompt.version": 7,
      "langfuse.observation.output": "Your refund is on its way.",
    });
    expect(generation).not.toHaveProperty("langfuse.observation.input");
  });

  it("says nothing of what a row that nobody recorded does not know", () => {
    const unknown = { model: null, promptName: null, promptVersion: null, inputTokens: null, outputTokens: null };
    const times = { latencyMs: null, timeToFirstTokenMs: null };
    const rows = traceToSpans(aRun({ ...unknown, ...times, costUsd: null, observations: null, metadata: {} }));
    for (const { startTimeUnixNano, endTimeUnixNano } of rows) expect(endTimeUnixNano).toBe(startTimeUnixNano);
    const [root, generation] = rows.map(attributesOf);
    expect(root).toMatchObject({ "langfuse.observation.metadata.latencyUnknown": "true" });
    const said = Object.keys(generation ?? {}).filter((key) => key.startsWith("langfuse.observation."));
    expect(said.sort()).toEqual(["langfuse.observation.output", "langfuse.observation.type"]);
  });

  it("gives a failed row that nobody recorded no output", () => {
    const rows = traceToSpans(aRun({ observations: null, status: "error", suggestedResponse: "Processing..." }));
    for (const row of rows.map(attributesOf)) expect(row).not.toHaveProperty("langfuse.observation.output");
  });
});

describe("environment names", () => {
  it.each([
    ["Production", "production"],
    ["langfuse-eval", "eval"],
    ["EU West", "default"],
    [null, "default"],
    ["", "default"],
    ["a".repeat(60), "a".repeat(40)],
  ])("%s becomes %s, as in Langfuse", (given, kept) => {
    expect(attributesOf(traceToSpans(aRun({ environment: given }))[0])["langfuse.environment"]).toBe(kept);
  });
});

describe("spansRequest", () => {
  it("puts many traces under one resource and one scope, and no service.version", () => {
    const spans = [...traceToSpans(aRun()), ...traceToSpans(aRun())];
    const request = spansRequest(spans);
    const [resourceSpans] = request.resourceSpans;
    expect(resourceSpans?.resource.attributes.map(({ key }) => key)).toEqual([
      "service.name",
      "telemetry.sdk.name",
      "telemetry.sdk.version",
      "telemetry.sdk.language",
    ]);
    expect(resourceSpans?.scopeSpans).toHaveLength(1);
    expect(resourceSpans?.scopeSpans[0]?.scope).toEqual({ name: "uptake", version: packageJson.version });
    expect(resourceSpans?.scopeSpans[0]?.spans).toHaveLength(6);
  });

  it("is the same where the spans are JSON already", () => {
    for (const spans of [[], traceToSpans(aRun())]) {
      expect(spansRequestJson(spans.map((span) => JSON.stringify(span)))).toBe(JSON.stringify(spansRequest(spans)));
    }
  });
});

describe("names of the protocol", () => {
  it("are those of Langfuse's own package", () => {
    const official = new Set<string>(Object.values(LangfuseOtelSpanAttributes));
    expect(Object.values(ATTRIBUTE).filter((name) => !official.has(name))).toEqual([]);
  });

  it("carry the version of package.json", () => {
    expect(UPTAKE_VERSION).toBe(packageJson.version);
  });
});
