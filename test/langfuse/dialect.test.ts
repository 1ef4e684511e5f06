import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { factsOfScore, factsOfSpan } from "../../src/langfuse/key-facts.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { createStandInLangfuse, type LangfuseDialect, type StandInLangfuseOptions } from "../../src/testing.ts";
import { aRevision, aRun, GENERATION_ID, RETRIEVER_ID, ROOT_ID, TRACE_ID } from "./sources.ts";

const OLDER = "/api/public/observations";
const NEWER = "/api/public/v2/observations";
const spans = traceToSpans(aRun());
const events = feedbackToScores(aRevision());

async function start(options: StandInLangfuseOptions) {
  const standIn = createStandInLangfuse(options);
  onTestFinished(() => standIn.close());
  const address = await standIn.start();
  return { standIn, client: createLangfuseClient({ ...address, fetch, timeoutMs: 5000 }) };
}

type Answers = Record<string, { readonly status: number; readonly body: string }>;

/** A server with one answer for each path, which the test may change, and the paths that it was asked. */
async function answering(answers: Answers) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    asked.push(path);
    const answer = answers[path] ?? { status: 404, body: "<html>" };
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createLangfuseClient({ baseUrl, publicKey: "p", secretKey: "s", fetch, timeoutMs: 5000 });
  return { client, asked };
}

const empty = { status: 200, body: '{"data":[],"meta":{"page":1,"limit":1,"totalItems":0,"totalPages":0}}' };
const eventsOnly = { status: 404, body: '{"message":"not available in Langfuse v4 events_only mode"}' };

describe("the dialect of a Langfuse", () => {
  it.each<[LangfuseDialect, StandInLangfuseOptions]>([
    ["v4", { dialect: "v4" }],
    ["v3", { dialect: "v3" }],
    ["v3", { dialect: "v3", offersScoresV3: false }],
  ])("is %s for %j, and the read-back finds every id there", async (dialect, options) => {
    const { client } = await start(options);
    expect(await client.dialect()).toBe(dialect);
    await client.sendSpans(spans.map(outgoingSpan));
    await client.sendScores(events.map(outgoingScore));
    expect((await client.findObservations(TRACE_ID)).toSorted()).toEqual(
      [GENERATION_ID, RETRIEVER_ID, ROOT_ID].toSorted(),
    );
    expect((await client.findScores(TRACE_ID)).toSorted()).toEqual(events.map(({ body }) => body.id).toSorted());
    expect(await client.findObservations("f".repeat(32))).toEqual([]);
  });

  it.each<LangfuseDialect>(["v4", "v3"])("%s: rows come back with every key fact that was sent", async (dialect) => {
    const { client } = await start({ dialect });
    await client.sendSpans(spans.map(outgoingSpan));
    await client.sendScores(events.map(outgoingScore));
    const sent = new Map([
      ...spans.map((span) => [span.spanId, factsOfSpan(span)] as const),
      ...events.map((event) => [event.body.id, factsOfScore(event)] as const),
    ]);
    const ids = events.map(({ body }) => body.id);
    const rows = [...(await client.readObservations(TRACE_ID)), ...(await client.readScores(ids))];
    expect(new Map(rows.map(({ id, facts }) => [id, facts]))).toEqual(sent);
    expect(await client.readScores([ids[2] ?? "", "of nobody"])).toHaveLength(1);
    expect(await client.readScores([])).toEqual([]);
  });

  it("is asked once, also by many at the same time", async () => {
    const { standIn, client } = await start({ dialect: "v4" });
    await Promise.all(Array.from({ length: 8 }, () => client.findScores(TRACE_ID)));
    await client.findScores(TRACE_ID);
    expect(standIn.requests()).toMatchObject({ [`GET ${OLDER}`]: 1, "GET /api/public/v3/scores": 9 });
  });

  it("reads all pages of a long trace in version 3", async () => {
    const { client } = await start({ dialect: "v3" });
    const [root] = spans;
    if (root === undefined) throw new Error("the sample has a root");
    const many = Array.from({ length: 230 }, (_, i) => ({ ...root, spanId: (i + 1).toString(16).padStart(16, "0") }));
    await client.sendSpans(many.map(outgoingSpan));
    expect(new Set(await client.findObservations(TRACE_ID)).size).toBe(230);
    expect(new Set((await client.readObservations(TRACE_ID)).map(({ id }) => id)).size).toBe(230);
  });

  it("is v3 although the newer routes answer as well: there they may stand over an empty table", async () => {
    const { client, asked } = await answering({ [OLDER]: empty, [NEWER]: empty });
    expect(await client.dialect()).toBe("v3");
    expect(asked).toEqual([OLDER]);
  });

  it("is v4 where the older routes are gone without a word and the newer ones are there", async () => {
    const { client } = await answering({ [OLDER]: { status: 410, body: "{}" }, [NEWER]: empty });
    expect(await client.dialect()).toBe("v4");
  });

  it.each<[string, Answers]>([
    ["no Langfuse", {}],
    ["a login page", { [OLDER]: { status: 200, body: "<html>Sign in</html>" } }],
    ["trouble", { [OLDER]: { status: 503, body: "" }, [NEWER]: empty }],
    ["wrong keys", { [OLDER]: { status: 401, body: "{}" }, [NEWER]: empty }],
  ])("is not guessed from %s", async (_what, answers) => {
    const { client } = await answering(answers);
    await expect(client.dialect()).rejects.toMatchObject({ code: "mirror_failed" });
    await expect(client.findObservations(TRACE_ID)).rejects.toMatchObject({ code: "mirror_failed" });
  });

  it("is asked again after a failure, so that an upgraded Langfuse is read as what it is now", async () => {
    const answers: Answers = { [OLDER]: { status: 503, body: "" } };
    const { client } = await answering(answers);
    await expect(client.findObservations(TRACE_ID)).rejects.toMatchObject({ code: "mirror_failed" });
    answers[OLDER] = empty;
    expect(await client.findObservations(TRACE_ID)).toEqual([]);
    expect(await client.dialect()).toBe("v3");
    Object.assign(answers, { [OLDER]: eventsOnly, [NEWER]: { status: 200, body: '{"data":[{"id":"a"}],"meta":{}}' } });
    await expect(client.findObservations(TRACE_ID)).rejects.toMatchObject({ code: "mirror_failed" });
    expect(await client.findObservations(TRACE_ID)).toEqual(["a"]);
    expect(await client.dialect()).toBe("v4");
  });
});
