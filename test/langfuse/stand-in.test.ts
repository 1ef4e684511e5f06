import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLangfuseClient, type LangfuseClient } from "../../src/langfuse/client.ts";
import { spansRequest, traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { createStandInLangfuse, type StandInAddress, type StandInLangfuse } from "../../src/testing.ts";
import { aRevision, aRun, TRACE_ID } from "./sources.ts";

/** What any of the routes answers with. */
type Answer = {
  readonly id?: string;
  readonly message?: string;
  readonly error?: string;
  readonly data?: readonly { readonly id: string }[];
  readonly meta?: { readonly cursor?: string };
  readonly successes?: readonly { readonly id: string; readonly status: number }[];
  readonly errors?: readonly { readonly id: string; readonly status: number }[];
};

let standIn: StandInLangfuse;
let address: StandInAddress;
let client: LangfuseClient;

beforeEach(async () => {
  standIn = createStandInLangfuse();
  address = await standIn.start();
  client = createLangfuseClient({ ...address, fetch, timeoutMs: 5000 });
});
afterEach(() => standIn.close());

const sample = traceToSpans(aRun());
const spans = sample.map(outgoingSpan);
const events = feedbackToScores(aRevision());
const auth = () => `Basic ${Buffer.from(`${address.publicKey}:${address.secretKey}`).toString("base64")}`;

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${address.baseUrl}/api/public${path}`, {
    method,
    headers: { authorization: auth(), "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as Answer, headers: response.headers };
}

describe("the stand-in Langfuse", () => {
  it("is healthy, and tells our client its version and project", async () => {
    expect(await client.health()).toEqual({
      kind: "ok",
      version: "4.16.0",
      project: "Stand-in Langfuse",
      projectId: "stand-in",
    });
  });

  it("answers wrong keys as Langfuse does", async () => {
    const wrong = createLangfuseClient({ ...address, secretKey: "sk-lf-wrong", fetch, timeoutMs: 5000 });
    expect(await wrong.sendSpans(spans)).toMatchObject({ kind: "refused", status: 401 });
    expect(await wrong.health()).toMatchObject({ kind: "refused", status: 401 });
    expect(standIn.observations()).toEqual([]);
  });

  it.each(["/traces", `/traces/${TRACE_ID}`, "/observations", "/sessions", "/scores", "/v2/scores", "/metrics"])(
    "answers 404 with an explanation on the old route %s",
    async (path) => {
      const { status, body } = await call("GET", path);
      expect(status).toBe(404);
      expect(body.message).toContain("not available on deployments running in Langfuse v4 events_only mode");
    },
  );

  it("refuses a port that is taken, and names it", async () => {
    const port = Number(new URL(address.baseUrl).port);
    await expect(createStandInLangfuse({ port }).start()).rejects.toMatchObject({
      code: "port_in_use",
      message: expect.stringContaining(String(port)) as unknown,
    });
  });

  it("starts and closes once", async () => {
    expect(await standIn.start()).toBe(await standIn.start());
    expect(standIn.close()).toBe(standIn.close());
    await standIn.close();
    await expect(fetch(address.baseUrl)).rejects.toThrow("fetch failed");
    await createStandInLangfuse().close();
  });
});

describe("its span intake", () => {
  it("takes plain and gzip bodies, and the same spans twice as two rows", async () => {
    const body = spansRequest(sample);
    expect((await call("POST", "/otel/v1/traces", body)).status).toBe(200);
    const packed = gzipSync(JSON.stringify(body));
    expect((await call("POST", "/otel/v1/traces", packed, { "content-encoding": "gzip" })).status).toBe(200);
    expect(standIn.observations()).toHaveLength(6);
    expect(standIn.duplicates().observations.map(({ count }) => count)).toEqual([2, 2, 2]);
    expect(await client.findObservations(TRACE_ID)).toHaveLength(6);
    expect(standIn.requests()).toMatchObject({ "POST /api/public/otel/v1/traces": 2 });
  });

  it.each([
    ["a missing span id", { spanId: undefined }],
    ["a trace id that is no id", { traceId: "xyz" }],
    ["attributes that are an object", { attributes: { a: 1 } }],
  ])("refuses the whole export for %s in one span", async (_what, change) => {
    const broken = [...sample, { ...sample[0], ...change }];
    const body = { resourceSpans: [{ scopeSpans: [{ spans: broken }] }] };
    const { status, body: answer } = await call("POST", "/otel/v1/traces", body);
    expect(status).toBe(400);
    expect(answer.error).toContain("The entire export was rejected");
    expect(standIn.observations()).toEqual([]);
  });

  it("refuses other content types, newer ingestion versions and broken bodies", async () => {
    const body = spansRequest(sample);
    expect((await call("POST", "/otel/v1/traces", body, { "content-type": "text/plain" })).status).toBe(400);
    expect((await call("POST", "/otel/v1/traces", body, { "x-langfuse-ingestion-version": "5" })).status).toBe(400);
    expect((await call("POST", "/otel/v1/traces", Buffer.from("{"))).status).toBe(400);
    expect(standIn.observations()).toEqual([]);
  });
});

describe("its score intake", () => {
  const event = (change: object, id = "event-1") => ({
    id,
    type: "score-create",
    timestamp: "2026-11-20T10:00:00.000Z",
    body: { id: "score-1", name: "n", traceId: TRACE_ID, value: 1, dataType: "NUMERIC", ...change },
  });

  it("takes all six scores of a revision and keeps their timestamps", async () => {
    expect(await client.sendScores(events.map(outgoingScore))).toEqual({ kind: "accepted", rejected: new Map() });
    expect(standIn.scores().map(({ name }) => name)).toEqual(events.map(({ body }) => body.name));
    expect(new Set(standIn.scores().map(({ timestamp }) => timestamp))).toEqual(new Set(["2026-11-20T10:01:01.623Z"]));
    expect((await client.findScores(TRACE_ID)).toSorted()).toEqual(events.map(({ body }) => body.id).toSorted());
  });

  it("settles each event of a batch by itself", async () => {
    const batch = [
      event({}),
      event({ dataType: "BOOLEAN", value: 2 }, "event-2"),
      event({ traceId: undefined }, "event-3"),
      event({ dataType: "TEXT", value: "x".repeat(501) }, "event-4"),
      { id: "event-5", type: "trace-create", timestamp: "2026-11-20T10:00:00.000Z", body: {} },
      { id: "event-6", type: "sdk-log", timestamp: "2026-11-20T10:00:00.000Z", body: { log: "x" } },
    ];
    const { status, body } = await call("POST", "/ingestion", { batch });
    expect(status).toBe(207);
    expect(body.successes?.map(({ id }) => id)).toEqual(["event-1", "event-6"]);
    expect(body.errors?.map(({ id, status }) => [id, status])).toEqual([
      ["event-2", 400],
      ["event-3", 400],
      ["event-4", 400],
      ["event-5", 400],
    ]);
    expect((await call("POST", "/ingestion", { events: [] })).status).toBe(400);
    expect(standIn.scores()).toHaveLength(1);
  });

  it("silently drops a score with an unknown config, as Langfuse's worker does", async () => {
    const { body } = await call("POST", "/ingestion", { batch: [event({ configId: "nope" })] });
    expect(body.successes).toHaveLength(1);
    expect(standIn.scores()).toEqual([]);
  });

  it("overwrites by id, name and day, ignores an older event, and shows what came twice", async () => {
    await client.sendScores(events.map(outgoingScore));
    await client.sendScores(events.map(outgoingScore));
    expect(standIn.scores()).toHaveLength(12);
    expect(standIn.currentScores()).toHaveLength(6);
    expect(standIn.duplicates().scores).toHaveLength(6);
    await call("POST", "/ingestion", { batch: [event({ value: 3 })] });
    await call("POST", "/ingestion", {
      batch: [{ ...event({ value: 9 }, "event-0"), timestamp: "2026-11-20T09:00:00Z" }],
    });
    expect(standIn.currentScores().find(({ id }) => id === "score-1")?.value).toBe(3);
    await call("POST", "/ingestion", {
      batch: [{ ...event({ value: 4 }, "event-9"), timestamp: "2026-11-21T09:00:00Z" }],
    });
    expect(standIn.currentScores().filter(({ id }) => id === "score-1")).toHaveLength(2);
  });

  it("takes and deletes single scores", async () => {
    const { body } = await call("POST", "/scores", { name: "n", traceId: TRACE_ID, value: "good" });
    expect(standIn.currentScores()).toMatchObject([{ id: body.id, dataType: "CATEGORICAL", value: "good" }]);
    expect((await call("POST", "/scores", { name: "n", value: 1 })).status).toBe(400);
    expect((await call("DELETE", `/scores/${body.id}`)).status).toBe(202);
    expect(await client.findScores(TRACE_ID)).toEqual([]);
  });
});

describe("its reads", () => {
  it("pages observations and scores without repeating or losing one", async () => {
    for (let i = 0; i < 3; i += 1) await client.sendSpans(spans);
    await client.sendScores(events.map(outgoingScore));
    const walk = async (path: string) => {
      const ids: string[] = [];
      let cursor = "";
      do {
        const { body } = await call("GET", `${path}&limit=2${cursor}`);
        ids.push(...(body.data ?? []).map(({ id }) => id));
        const next = body.meta?.cursor;
        cursor = next === undefined ? "" : `&cursor=${encodeURIComponent(next)}`;
      } while (cursor !== "");
      return ids;
    };
    expect(await walk(`/v2/observations?traceId=${TRACE_ID}`)).toHaveLength(9);
    expect(new Set(await walk(`/v3/scores?traceId=${TRACE_ID}`)).size).toBe(6);
  });

  it("refuses unknown parameters and wrong combinations on v3/scores", async () => {
    for (const query of [
      "page=1",
      "userId=u",
      "observationId=o",
      "limit=101",
      "fields=everything",
      "valueMin=1",
      "cursor=x",
    ]) {
      expect([query, (await call("GET", `/v3/scores?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await call("GET", "/v2/observations?limit=1001")).status).toBe(400);
  });

  it("filters", async () => {
    await client.sendSpans(spans);
    await client.sendScores(events.map(outgoingScore));
    const count = async (path: string) => (await call("GET", path)).body.data?.length;
    expect(await count("/v2/observations?type=GENERATION")).toBe(1);
    expect(await count("/v2/observations?name=search-knowledge&environment=production")).toBe(1);
    expect(await count("/v2/observations?isRootObservation=true&sessionId=ticket-7&userId=bot-1")).toBe(1);
    expect(
      await count("/v2/observations?fromStartTime=2026-11-20T10:00:00.130Z&toStartTime=2026-11-20T10:00:00.200Z"),
    ).toBe(1);
    expect(await count("/v2/observations?environment=staging")).toBe(0);
    expect(await count("/v3/scores?name=feedback,accepted")).toBe(2);
    expect(await count("/v3/scores?dataType=numeric&valueMax=1")).toBe(1);
    expect(await count("/v3/scores?dataType=BOOLEAN&value=false")).toBe(1);
    expect(await count("/v3/scores?fromTimestamp=2026-11-20T11:00:00Z")).toBe(0);
  });

  it("counts, sums and averages, doubled rows included, and says what it does not know", async () => {
    await client.sendSpans(spans);
    await client.sendSpans(spans);
    await client.sendScores(events.map(outgoingScore));
    const ask = (query: object) => {
      const range = { fromTimestamp: "2026-11-20T00:00:00Z", toTimestamp: "2026-11-21T00:00:00Z" };
      return call("GET", `/v2/metrics?query=${encodeURIComponent(JSON.stringify({ ...range, ...query }))}`);
    };
    const cost = await ask({
      view: "observations",
      dimensions: [{ field: "type" }],
      metrics: [
        { measure: "count", aggregation: "count" },
        { measure: "totalCost", aggregation: "sum" },
      ],
      timeDimension: { granularity: "day" },
    });
    expect(cost.body.data).toContainEqual({
      type: "GENERATION",
      time_dimension: "2026-11-20",
      count_count: 2,
      sum_totalCost: 0.00084,
    });
    const kept = await ask({
      view: "scores-numeric",
      dimensions: [{ field: "name" }],
      metrics: [{ measure: "value", aggregation: "avg" }],
    });
    expect(kept.body.data).toContainEqual({ name: "kept-ratio", avg_value: 0.9 });
    expect((await ask({ view: "observations", metrics: [{ measure: "latency", aggregation: "p95" }] })).status).toBe(
      501,
    );
  });
});

describe("its trouble", () => {
  it("answers a status until told to stop, and stores nothing meanwhile", async () => {
    standIn.setFailure({ status: 500 });
    expect(await client.sendSpans(spans)).toMatchObject({ kind: "unavailable" });
    expect(await client.sendScores(events.map(outgoingScore))).toMatchObject({ kind: "unavailable" });
    expect(standIn.observations()).toEqual([]);
    standIn.setFailure(null);
    expect(await client.sendSpans(spans)).toMatchObject({ kind: "accepted" });
  });

  it("says with a 429 how long to wait, for the next request only", async () => {
    standIn.failNext({ status: 429, retryAfter: 3 });
    expect(await client.sendSpans(spans)).toMatchObject({ kind: "unavailable", retryAfterMs: 3000 });
    expect(await client.sendSpans(spans)).toMatchObject({ kind: "accepted" });
  });

  it("hangs, and can be closed while it does", async () => {
    standIn.setFailure({ hang: true });
    const hasty = createLangfuseClient({ ...address, fetch, timeoutMs: 50 });
    expect(await hasty.sendSpans(spans)).toMatchObject({ kind: "unsure" });
    const patient = client.sendSpans(spans);
    await expect.poll(() => standIn.requests()["POST /api/public/otel/v1/traces"]).toBe(2);
    await standIn.close();
    expect(await patient).toMatchObject({ kind: "unsure" });
    expect(standIn.observations()).toEqual([]);
  });

  it("closes the connection after storing, while reads still answer", async () => {
    standIn.setFailure({ closeAfterAccept: true });
    expect(await client.sendSpans(spans)).toMatchObject({ kind: "unsure" });
    expect(await client.sendScores(events.map(outgoingScore))).toMatchObject({ kind: "unsure" });
    expect(await client.findObservations(TRACE_ID)).toHaveLength(3);
    expect(await client.findScores(TRACE_ID)).toHaveLength(6);
  });
});
