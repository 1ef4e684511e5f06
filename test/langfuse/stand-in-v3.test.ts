import { LangfuseClient } from "@langfuse/client";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient, type LangfuseClient as OurClient } from "../../src/langfuse/client.ts";
import type { OtlpSpan } from "../../src/langfuse/otlp-types.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { createStandInLangfuse, type StandInLangfuse, type StandInLangfuseOptions } from "../../src/testing.ts";
import { aRevision, aRun, GENERATION_ID, RETRIEVER_ID, ROOT_ID, SUGGESTION_ID, TRACE_ID } from "./sources.ts";

let standIn: StandInLangfuse;
let official: LangfuseClient;
let ours: OurClient;
let get: (path: string) => Promise<{ status: number; text: string }>;

async function start(options: StandInLangfuseOptions = {}): Promise<void> {
  standIn = createStandInLangfuse({ dialect: "v3", ...options });
  const running = standIn;
  onTestFinished(() => running.close());
  const address = await standIn.start();
  official = new LangfuseClient(address);
  ours = createLangfuseClient({ ...address, fetch, timeoutMs: 5000 });
  const authorization = `Basic ${Buffer.from(`${address.publicKey}:${address.secretKey}`).toString("base64")}`;
  get = async (path) => {
    const response = await fetch(`${address.baseUrl}/api/public${path}`, { headers: { authorization } });
    return { status: response.status, text: await response.text() };
  };
}

const spans = traceToSpans(aRun());
const events = feedbackToScores(aRevision());
const at = "2026-11-20T10:00:00.000Z";

const spanAt = (index: number): OtlpSpan => {
  const span = spans[index];
  if (span === undefined) throw new Error(`the sample has no span ${index}`);
  return span;
};

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

describe("a stand-in Langfuse 3, read by the official client", () => {
  beforeEach(() => start());

  it("shows our trace with its observations and scores", async () => {
    await ours.sendSpans(spans.map(outgoingSpan));
    await ours.sendScores(events.map(outgoingScore));
    const trace = await official.api.trace.get(TRACE_ID);
    expect(trace).toMatchObject({
      id: TRACE_ID,
      timestamp: "2026-11-20T10:00:00.123Z",
      name: "generate-message-suggestion",
      sessionId: "ticket-7",
      userId: "bot-1",
      tags: ["generate-message-suggestion"],
      release: "v42",
      version: "7",
      environment: "production",
      metadata: { suggestionId: SUGGESTION_ID, confidence: 0.83 },
      totalCost: 0.00042,
      htmlPath: expect.stringContaining(TRACE_ID) as unknown,
    });
    expect(trace.observations.map(({ id }) => id).toSorted()).toEqual(
      [GENERATION_ID, RETRIEVER_ID, ROOT_ID].toSorted(),
    );
    // The correction is a score that this route never shows.
    expect(trace.scores.map(({ name }) => name).toSorted()).toEqual(
      ["accepted", "feedback", "feedback-reason", "kept-ratio", "time-to-feedback"].toSorted(),
    );
    const bare = await official.api.trace.get(TRACE_ID, { fields: "core" });
    expect(bare).toMatchObject({ observations: [], scores: [], totalCost: -1, latency: -1, metadata: {} });

    const listed = await official.api.trace.list({ tags: "generate-message-suggestion", sessionId: "ticket-7" });
    expect(listed.meta).toEqual({ page: 1, limit: 50, totalItems: 1, totalPages: 1 });
    expect(listed.data[0]?.scores).toHaveLength(6);
    expect(listed.data[0]?.observations).toHaveLength(3);
    expect((await official.api.trace.list({ tags: ["generate-message-suggestion", "other"] })).data).toEqual([]);
    await expect(official.api.trace.get("f".repeat(32))).rejects.toMatchObject({ statusCode: 404 });
  });

  it("shows observations page by page, with input and output parsed", async () => {
    await ours.sendSpans(spans.map(outgoingSpan));
    const { observationsV1 } = official.api.legacy;
    const first = await observationsV1.getMany({ traceId: TRACE_ID, limit: 2 });
    const second = await observationsV1.getMany({ traceId: TRACE_ID, limit: 2, page: 2 });
    expect(first.meta).toEqual({ page: 1, limit: 2, totalItems: 3, totalPages: 2 });
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual([GENERATION_ID, RETRIEVER_ID, ROOT_ID]);
    expect(first.data[0]).toMatchObject({
      type: "GENERATION",
      traceId: TRACE_ID,
      parentObservationId: ROOT_ID,
      model: "gpt-4.1-mini",
      input: [{ role: "user", content: "Where is my refund?" }],
      output: "Your refund is on its way.",
      usageDetails: { input: 120, input_cached_tokens: 40, output: 9, total: 169 },
      usage: { unit: "TOKENS", input: 160, output: 9, total: 169 },
      calculatedTotalCost: 0.00042,
      latency: 0.8,
      timeToFirstToken: 0.25,
      promptName: "reply",
      promptVersion: 7,
    });
    expect(await observationsV1.get(RETRIEVER_ID)).toMatchObject({ type: "RETRIEVER", output: [{ id: "kb-1" }] });
    await expect(observationsV1.get("f".repeat(16))).rejects.toMatchObject({ statusCode: 404 });
    expect((await observationsV1.getMany({ type: "AGENT", userId: "bot-1" })).data).toHaveLength(1);
    await expect(observationsV1.getMany({ limit: 101 })).rejects.toMatchObject({ statusCode: 400 });
  });

  it("shows scores with their trace, and one by its id", async () => {
    await ours.sendSpans(spans.map(outgoingSpan));
    await ours.sendScores(events.map(outgoingScore));
    const { data, meta } = await official.api.scores.getMany({ traceId: TRACE_ID });
    expect(meta).toEqual({ page: 1, limit: 50, totalItems: 6, totalPages: 1 });
    const named = new Map(data.map((score) => [score.name, score]));
    expect(named.get("accepted")).toMatchObject({ dataType: "BOOLEAN", value: 0, stringValue: "False" });
    expect(named.get("feedback")).toMatchObject({ value: 0, stringValue: "revision", observationId: GENERATION_ID });
    expect(named.get("kept-ratio")).toMatchObject({ dataType: "NUMERIC", value: 0.9 });
    expect(named.get("output")).toMatchObject({
      dataType: "CORRECTION",
      stringValue: "Your refund of €12 is on its way.",
    });
    expect(data[0]?.trace).toMatchObject({ userId: "bot-1", sessionId: "ticket-7", environment: "production" });
    const id = named.get("feedback")?.id ?? "";
    expect(await official.api.scores.getById(id)).toMatchObject({
      id,
      name: "feedback",
      timestamp: "2026-11-20T10:01:01.623Z",
    });
    expect((await official.api.scores.getMany({ scoreIds: id, fields: "score" })).data[0]).not.toHaveProperty("trace");
    await expect(official.api.scores.getById("none")).rejects.toMatchObject({ statusCode: 404 });
  });

  it("takes traces and observations as events, and updates field by field", async () => {
    const traceId = "t-1";
    const { successes, errors } = await official.api.ingestion.batch({
      batch: [
        { id: "e1", type: "trace-create", timestamp: at, body: { id: traceId, name: "old", userId: "u", tags: ["b"] } },
        {
          id: "e2",
          type: "generation-create",
          timestamp: at,
          body: {
            id: "g-1",
            traceId,
            name: "llm",
            startTime: at,
            model: "m",
            input: { q: 1 },
            usage: { promptTokens: 3, completionTokens: 4 },
          },
        },
        { id: "e3", type: "generation-update", timestamp: at, body: { id: "g-1", output: "Hello", level: "WARNING" } },
        { id: "e4", type: "trace-create", timestamp: at, body: { id: traceId, name: "new", tags: ["a"] } },
        { id: "e5", type: "span-create", timestamp: "yesterday", body: {} },
      ],
    });
    expect(successes.map(({ id }) => id)).toEqual(["e1", "e2", "e3", "e4"]);
    expect(errors.map(({ id, status }) => [id, status])).toEqual([["e5", 400]]);
    const trace = await official.api.trace.get(traceId);
    expect(trace).toMatchObject({ name: "new", userId: "u", tags: ["a", "b"] });
    expect(trace.observations).toHaveLength(1);
    expect(trace.observations[0]).toMatchObject({
      id: "g-1",
      type: "GENERATION",
      name: "llm",
      startTime: at,
      model: "m",
      input: { q: 1 },
      output: "Hello",
      level: "WARNING",
      usageDetails: { input: 3, output: 4 },
    });
  });
});

describe("a stand-in Langfuse 3", () => {
  it("merges a span that comes again field by field, and keeps the first start", async () => {
    await start();
    await ours.sendSpans(spans.map(outgoingSpan));
    await ours.sendSpans(spans.map(outgoingSpan));
    const generation = spanAt(2);
    const late: OtlpSpan = {
      ...generation,
      startTimeUnixNano: `${BigInt(generation.startTimeUnixNano) + 5_000_000n}`,
      attributes: [
        attribute("langfuse.observation.type", "generation"),
        attribute("langfuse.observation.output", "corrected"),
      ],
    };
    await ours.sendSpans([outgoingSpan(late)]);
    expect(standIn.observations()).toHaveLength(7);
    expect(standIn.currentObservations()).toHaveLength(3);
    expect(standIn.duplicates().observations.map(({ count }) => count)).toEqual([2, 2, 3]);
    expect(await official.api.legacy.observationsV1.get(GENERATION_ID)).toMatchObject({
      startTime: "2026-11-20T10:00:00.200Z",
      output: "corrected",
      model: "gpt-4.1-mini",
      usageDetails: { total: 169 },
    });
    const { data } = await official.api.trace.list();
    expect(data.map(({ id, name, sessionId }) => [id, name, sessionId])).toEqual([
      [TRACE_ID, "generate-message-suggestion", "ticket-7"],
    ]);
  });

  it("keeps a second row where the same id comes with another type or day", async () => {
    await start();
    const root = spanAt(0);
    const nextDay = `${BigInt(root.startTimeUnixNano) + 86_400_000_000_000n}`;
    await ours.sendSpans([root, { ...root, startTimeUnixNano: nextDay }].map(outgoingSpan));
    expect(await ours.findObservations(TRACE_ID)).toEqual([ROOT_ID, ROOT_ID]);
  });

  it("answers 200 to an export with one bad span and stores none of it, as its worker gives up silently", async () => {
    await start();
    const bad = { ...spanAt(1), traceId: "no trace id" };
    expect(await ours.sendSpans([spanAt(0), bad].map(outgoingSpan))).toEqual({ kind: "accepted", rejected: new Map() });
    expect(standIn.observations()).toEqual([]);
    expect(await ours.findObservations(TRACE_ID)).toEqual([]);
  });

  it("has no routes over the tables of version 4", async () => {
    await start();
    for (const path of ["/v2/observations", "/v2/metrics"]) {
      const { status, text } = await get(path);
      expect([path, status]).toEqual([path, 404]);
      expect(text).toContain("only available in a Langfuse v4 write mode");
    }
    expect((await get("/v3/scores")).status).toBe(200);
    expect((await get("/sessions")).status).toBe(501);
    expect(await ours.health()).toMatchObject({ version: "3.225.4" });
    await start({ offersScoresV3: false });
    expect(await get("/v3/scores")).toMatchObject({ status: 404, text: expect.stringContaining("<html>") as unknown });
    expect(await ours.health()).toMatchObject({ version: "3.199.0" });
  });
});
