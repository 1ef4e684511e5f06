import { describe, expect, it, onTestFinished } from "vitest";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import { newId, observationIdOf, traceIdOf } from "../../src/domain/ids.ts";
import { type Connection, createConnection } from "../../src/remote/connection.ts";
import { sendSuggestions } from "../../src/remote/send-suggestions.ts";
import type { Database } from "../../src/store/database.ts";
import { rowOf } from "../../src/track/rows.ts";
import { problem, startScripted } from "../client/scripted-server.ts";
import { openApi } from "../http/api-rig.ts";
import { openTestEmbedded } from "../support/databases.ts";

type Sizes = { readonly requests: number[] };

/** The real app over a real database; notes how many suggestions each request has. */
async function openServer(): Promise<{ db: Database; connection: Connection } & Sizes> {
  const opened = await openTestEmbedded();
  onTestFinished(() => opened.drop());
  const { app } = openApi(opened.db);
  const requests: number[] = [];
  const connection = createConnection({
    url: "http://127.0.0.1",
    key: null,
    timeoutMs: 60_000,
    async fetch(url, init) {
      requests.push((JSON.parse(init?.body as string) as readonly unknown[]).length);
      return app.request(url, init);
    },
  });
  return { db: opened.db, connection, requests };
}

function recordWith(differing: Partial<SuggestionRecord> = {}): SuggestionRecord {
  const id = newId();
  const traceId = traceIdOf(id);
  const at = new Date().toISOString();
  const root = {
    id: observationIdOf(traceId, 0),
    parentId: null,
    type: "agent",
    name: "f",
    startTime: at,
    endTime: at,
  };
  return {
    id,
    projectId: "default",
    functionName: "f",
    ticketId: null,
    messageId: null,
    systemUserId: null,
    suggestedResponse: "Hello there",
    confidenceScore: null,
    status: "completed",
    createdAt: at,
    environment: "default",
    release: null,
    model: null,
    promptName: null,
    promptVersion: null,
    traceId,
    observationId: root.id,
    latencyMs: 1,
    timeToFirstTokenMs: null,
    inputTokens: null,
    outputTokens: null,
    costUsd: null,
    errorType: null,
    errorMessage: null,
    metadataJson: "{}",
    observationsJson: JSON.stringify([root]),
    ...differing,
  };
}

const deep = (levels: number): unknown => (levels === 0 ? "end" : [deep(levels - 1)]);

/** A root, and a step under it with these fields. */
function withStep(record: SuggestionRecord, step: object): SuggestionRecord {
  const [root] = JSON.parse(record.observationsJson) as readonly Readonly<Record<string, unknown>>[];
  const id = observationIdOf(record.traceId, 1);
  const observations = [root, { ...root, type: "generation", parentId: root?.["id"], id, ...step }];
  return { ...record, observationId: id, observationsJson: JSON.stringify(observations) };
}

const LONG = "x".repeat(300);

describe("sendSuggestions", () => {
  it.each([
    [
      "names and ids that are too long, or blank",
      recordWith({ functionName: LONG, ticketId: LONG, messageId: " ", model: LONG, release: LONG }),
    ],
    [
      "a prompt whose version is no whole number",
      recordWith({ promptName: LONG, promptVersion: "1.5", metadataJson: '{"prompt_version":1.5}' }),
    ],
    [
      "an error without a type and words",
      recordWith({ status: "error", suggestedResponse: "", errorType: " ", errorMessage: "" }),
    ],
    [
      "a text that was cut, and its mark",
      recordWith({ suggestedResponse: `${"é".repeat(200_000)} [cut: 7 of 200007 characters]` }),
    ],
    ["a first token after the end, and a cost beyond all bounds", recordWith({ timeToFirstTokenMs: 9, costUsd: 2e6 })],
    [
      "a payload that is too deep",
      withStep(recordWith({ metadataJson: JSON.stringify({ deep: deep(64) }) }), {
        input: deep(64),
        output: { a: deep(70) },
      }),
    ],
    [
      "long words of steps",
      withStep(recordWith(), {
        name: LONG,
        model: LONG,
        statusMessage: "y".repeat(20_000),
        usage: { [LONG]: 3e9, input: 1.5 },
        prompt: { name: LONG, version: LONG },
        modelParameters: "[cut]",
      }),
    ],
    ["a run that is larger than a request", withStep(recordWith(), { input: "é".repeat(3_000_000), output: ["kept"] })],
  ])("fits %s", async (_, record) => {
    const { db, connection } = await openServer();
    const refusals = await sendSuggestions(connection, [rowOf(record)]);
    expect([...refusals.values()].map(({ message }) => message)).toEqual([]);
    const rows = await db.query<{ id: string; steps: number }>(
      "select s.id, jsonb_array_length(t.observations) as steps from ai_suggestions s join ai_traces t on t.suggestion_id = s.id",
    );
    expect(rows).toEqual([{ id: record.id, steps: (JSON.parse(record.observationsJson) as unknown[]).length }]);
  });

  it("names the one that is refused, and records the others", async () => {
    const { db, connection } = await openServer();
    const [good, bad, other] = [recordWith(), recordWith({ createdAt: "2199-01-01T00:00:00.000Z" }), recordWith()].map(
      rowOf,
    );
    if (good === undefined || bad === undefined || other === undefined) throw new TypeError("there are three");
    const refusals = await sendSuggestions(connection, [good, bad, other]);
    expect([...refusals.keys()]).toEqual([bad]);
    expect(refusals.get(bad)).toMatchObject({ code: "invalid_input", message: /more than a day ahead/u });
    const rows = await db.query<{ id: string }>("select id from ai_suggestions order by id");
    expect(rows.map(({ id }) => id)).toEqual([good.id, other.id].sort());
  });

  it("gives up alone what is no JSON, which the server would never get to see", async () => {
    const { db, connection } = await openServer();
    const [good, bad] = [recordWith(), recordWith({ metadataJson: '{"prompt_version":NaN}' })].map(rowOf);
    if (good === undefined || bad === undefined) throw new TypeError("there are two");
    const refusals = await sendSuggestions(connection, [bad, good]);
    expect([...refusals.keys()]).toEqual([bad]);
    expect(refusals.get(bad)).toMatchObject({ code: "invalid_input" });
    expect(await db.query("select id from ai_suggestions")).toEqual([{ id: good.id }]);
  });

  it("makes nothing anew of what is there already, also with other words", async () => {
    const { db, connection } = await openServer();
    const record = recordWith();
    for (const suggestedResponse of ["Hello there", "Hello there", "Something else"]) {
      expect((await sendSuggestions(connection, [rowOf({ ...record, suggestedResponse })])).size).toBe(0);
    }
    expect(await db.query("select suggested_response as text from ai_suggestions")).toEqual([{ text: "Hello there" }]);
  });

  it("sends no more at once than a request takes, in number and in bytes", async () => {
    const { connection, requests } = await openServer();
    const big = () =>
      rowOf(
        recordWith({
          suggestedResponse: "z".repeat(190_000),
          metadataJson: JSON.stringify({ a: "z".repeat(1_000_000) }),
        }),
      );
    await sendSuggestions(
      connection,
      Array.from({ length: 501 }, () => rowOf(recordWith())),
    );
    await sendSuggestions(connection, Array.from({ length: 5 }, big));
    expect(requests).toEqual([500, 1, 3, 2]);
  });

  it.each([
    ["a wrong key", problem(401, "unauthorized"), { code: "unauthorized", facts: { isTransient: false } }],
    [
      "a server that is busy",
      problem(429, "too_many_requests", { "retry-after": "7" }),
      { code: "too_many_requests", facts: { retryAfterMs: 7_000, isTransient: true } },
    ],
    ["one that fails", problem(500, "internal_error"), { code: "database_unavailable", facts: { isTransient: true } }],
    ["no answer", "cut", { code: "database_unavailable", facts: { isTransient: true } }],
    ["an answer of somebody else", { status: 200, json: "<html>" }, { code: "database_unavailable" }],
    [
      "one that could not record it",
      {
        status: 200,
        json: { results: [{ ok: false, error: { code: "internal_error", message: "no", details: [] } }] },
      },
      { code: "database_unavailable" },
    ],
    ["a proxy that takes less", problem(413, "too_large"), { code: "invalid_input" }],
  ] as const)("rejects for %s, so that it is sent again", async (_, reply, expected) => {
    const { url } = await startScripted(() => reply);
    const connection = createConnection({ url, key: null, fetch, timeoutMs: 10_000 });
    await expect(sendSuggestions(connection, [rowOf(recordWith())])).rejects.toMatchObject(expected);
  });
});
