import { gzipSync } from "node:zlib";
import { beforeAll, afterAll, describe, expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { MAX_JSON_DEPTH } from "../../src/http/json-scan.ts";
import type { Database } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { type ApiRig, openApi } from "./api-rig.ts";

// What a peer was seen to take with success, to lose or to fall over (feedback without its suggestion, an end before its start,
// another project's id, unknown names, wrong types, garbage times), and what else people send: each answered by a 4xx that
// helps, and nothing stored, not even half.

const suggestionId = newId();
const good = { functionName: "f", text: "Hello there" };
const act = { suggestionId, type: "approval" };
const step = { type: "tool", name: "look-up", startTime: "2026-11-22T10:00:00Z", endTime: "2026-11-22T10:00:01Z" };
const post = "/v1/suggestions";
const feedback = "/v1/feedback";
const deep = (depth: number): string =>
  `{"functionName":"f","text":"t","input":${"[".repeat(depth)}${"]".repeat(depth)}}`;

type Row = readonly [what: string, path: string, body: unknown, status: number, says: RegExp];

const rows: readonly Row[] = [
  ["feedback without its suggestion", feedback, { ...act, suggestionId: newId() }, 404, /no suggestion/u],
  ["sent without its suggestion", "/v1/sent", { suggestionId: newId(), finalText: "Hi" }, 404, /no suggestion/u],
  ["shown without its suggestion", `/v1/suggestions/${newId()}/shown`, {}, 404, /no suggestion/u],
  [
    "an end before its start",
    post,
    { ...good, observations: [{ ...step, endTime: "2026-11-22T09:00:00Z" }] },
    400,
    /endTime.*before/u,
  ],
  ["a first token after the end", post, { ...good, latencyMs: 5, timeToFirstTokenMs: 6 }, 400, /after the run's end/u],
  ["an unknown act", feedback, { ...act, type: "thumbs-up" }, 400, /feedback\.type.*approval/u],
  ["a rejection without a reason", feedback, { ...act, type: "rejection" }, 400, /feedback\.reason.*missing/u],
  [
    "an unknown reason",
    feedback,
    { ...act, type: "rejection", reason: "too genric" },
    400,
    /did you mean "too generic"/u,
  ],
  [
    "an unknown observation type",
    post,
    { ...good, observations: [{ ...step, type: "llm" }] },
    400,
    /observations\[0\]\.type/u,
  ],
  [
    "a cost that no run has",
    post,
    { ...good, observations: [step, { ...step, type: "generation", costUsd: 1e300 }] },
    400,
    /observations\[1\]\.costUsd/u,
  ],
  ["an unknown parent", post, { ...good, observations: [step, { ...step, parentId: "x" }] }, 400, /stands before it/u],
  ["a wrong type", post, { ...good, confidence: "0.7" }, 400, /confidence/u],
  ["a confidence in percent", post, { ...good, confidence: 70 }, 400, /confidence/u],
  ["a garbage time", post, { ...good, createdAt: "yesterday" }, 400, /createdAt.*date-time/u],
  ["a time without a zone", post, { ...good, createdAt: "2026-11-22T10:00:00" }, 400, /createdAt/u],
  ["30 February", post, { ...good, createdAt: "2026-02-30T10:00:00Z" }, 400, /createdAt/u],
  ["seconds for a time", post, { ...good, createdAt: 1_795_000_000 }, 400, /createdAt/u],
  ["the year 1970", post, { ...good, createdAt: "1970-01-21T10:36:40Z" }, 400, /before 2000/u],
  ["the year 1970 of an act", feedback, { ...act, createdAt: "1970-01-21T10:36:40Z" }, 400, /before 2000/u],
  ["the year 2099", post, { ...good, createdAt: "2099-01-01T00:00:00Z" }, 400, /more than a day ahead/u],
  [
    "the year 2099 of what was sent",
    "/v1/sent",
    { suggestionId, finalText: "Hi", createdAt: "2099-01-01T00:00:00Z" },
    400,
    /ahead/u,
  ],
  ["negative tokens", post, { ...good, inputTokens: -1 }, 400, /inputTokens/u],
  ["half a token", post, { ...good, inputTokens: 1.5 }, 400, /inputTokens/u],
  ["more tokens than there are", post, { ...good, outputTokens: 1e12 }, 400, /outputTokens/u],
  ["a negative cost", post, { ...good, costUsd: -0.01 }, 400, /costUsd/u],
  ["an unknown field", post, { ...good, confidenceScore: 1 }, 400, /confidenceScore: is no field here/u],
  ["a project of the caller's choice", post, { ...good, projectId: "another" }, 400, /projectId: is no field here/u],
  ["a prototype for a field", post, '{"functionName":"f","text":"t","__proto__":{"a":1}}', 400, /__proto__/u],
  ["one key twice", post, '{"functionName":"f","text":"a","text":"b"}', 400, /"text" twice/u],
  ["one key twice, spelled otherwise", post, '{"functionName":"f","text":"a","te\\u0078t":"b"}', 400, /"text" twice/u],
  [
    "one key twice, deep inside",
    post,
    '{"functionName":"f","text":"a","input":[{"a":{"b":1,"b" :2}}]}',
    400,
    /"b" twice/u,
  ],
  ["an id that is none", post, { ...good, suggestionId: "42" }, 400, /suggestionId.*UUID/u],
  ["an id and a key", post, { ...good, suggestionId: newId(), idempotencyKey: "k" }, 400, /leave one of them out/u],
  [
    "another suggestion under the same id",
    post,
    { ...good, suggestionId, text: "Another" },
    409,
    /another suggestion/u,
  ],
  ["no text", post, { functionName: "f" }, 400, /text.*missing/u],
  ["no name", post, { text: "t" }, 400, /functionName/u],
  ["a blank name", post, { ...good, functionName: "  " }, 400, /functionName.*blank/u],
  ["NUL in a name", post, { ...good, functionName: "a\0b" }, 400, /NUL/u],
  ["half a character in a name", post, '{"functionName":"a\\ud800","text":"t"}', 400, /half a character/u],
  ["a text that is too long", post, { ...good, text: "x".repeat(200_001) }, 400, /text/u],
  ["a name that is too long", post, { ...good, functionName: "x".repeat(201) }, 400, /functionName/u],
  ["an environment that Langfuse refuses", post, { ...good, environment: "langfuse-x" }, 400, /environment/u],
  ["an empty list", post, [], 400, /expected 1 to 500/u],
  ["a list that is too long", feedback, Array.from({ length: 501 }, () => act), 400, /list of 501/u],
  ["nothing", post, "", 400, /empty/u],
  ["null", post, "null", 400, /suggestions/u],
  ["a text", feedback, '"approval"', 400, /feedback/u],
  ["no JSON", post, "{functionName: f}", 400, /no JSON/u],
  ["JSON that ends early", post, '{"functionName":"f","text":"t', 400, /no JSON/u],
  ["JSON nested too deep", post, deep(MAX_JSON_DEPTH), 400, /nested deeper/u],
  ["JSON nested without end", post, "[".repeat(200_000), 400, /nested deeper/u],
  [
    "a key that stands for another act",
    feedback,
    { ...act, type: "rejection", reason: "error", idempotencyKey: "taken" },
    400,
    /already stands/u,
  ],
  ["metadata on an approval", feedback, { ...act, metadata: { a: 1 } }, 400, /approval has none/u],
  ["nothing sent", "/v1/sent", { suggestionId, finalText: " " }, 400, /finalText/u],
  ["sent without a place", "/v1/sent", { finalText: "Hi" }, 400, /ticketId/u],
  ["a path for an id", "/v1/suggestions/..%2F..%2Fetc%2Fpasswd/shown", {}, 400, /UUID/u],
  ["SQL for an id", "/v1/suggestions/'%20or%20'1'='1/shown", {}, 400, /UUID/u],
  ["a line break for an id", "/v1/suggestions/a%0d%0aset-cookie:%20a=b/shown", {}, 400, /UUID/u],
];

describe("what nobody should send", () => {
  let db: Database;
  let api: ApiRig;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const opened = await openTestPostgres();
    db = opened.db;
    drop = () => opened.drop();
    api = openApi(db, { untilEnd: true });
    await api.post(post, { ...good, suggestionId });
    await api.post(feedback, { ...act, idempotencyKey: "taken" });
  });

  afterAll(async () => {
    await api.close();
    await drop();
  });

  const stored = () =>
    db.query(`select (select count(*) from ai_suggestions) as suggestions, (select count(*) from ai_traces) as traces,
      (select count(*) from ai_feedback_events) as feedback, (select count(*) from langfuse_outbox) as messages,
      (select count(*) from ai_suggestions where shown_at is not null) as shown`);

  const told = (json: Record<string, unknown>) => json["error"] as { code: string; message: string; details: string[] };

  it.each(rows)("%s is refused, and nothing of it is stored", async (...[, path, body, status, says]: Row) => {
    const before = await stored();
    const answered = await api.post(path, body);
    expect([answered.status, told(answered.json).message]).toEqual([status, expect.stringMatching(says)]);
    expect(told(answered.json).details.length).toBeGreaterThan(0);
    expect([...answered.headers.keys()]).not.toContain("set-cookie");
    expect(await stored()).toEqual(before);
  });

  it("of a list every bad one is refused as it would be alone", async () => {
    const before = await stored();
    const single = rows.filter(([, path, body]) => path === post && typeof body === "object" && !Array.isArray(body));
    const { status, json } = await api.post(
      post,
      single.map(([, , body]) => body),
    );
    expect(status).toBe(207);
    const results = json["results"] as readonly { ok: boolean; error: { message: string } }[];
    expect(results).toHaveLength(single.length);
    for (const [index, [what, , , , says]] of single.entries()) {
      expect([what, results[index]?.ok, results[index]?.error.message]).toEqual([
        what,
        false,
        expect.stringMatching(says),
      ]);
    }
    expect(await stored()).toEqual(before);
  });

  const types = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin1",
    "application/jsonp",
  ];
  it.each(types)("content-type %s is refused", async (type) => {
    const answered = await api.post(post, good, { "content-type": type });
    expect([answered.status, told(answered.json).code]).toEqual([415, "unsupported_media_type"]);
  });

  it.each(["deflate", "br", "gzip, gzip"])("content-encoding %s is refused", async (encoding) => {
    expect((await api.post(post, good, { "content-encoding": encoding })).status).toBe(415);
  });

  const packed = (body: Uint8Array) =>
    api.app.request(post, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: new Uint8Array(body),
    });

  it("a packed body is taken; one that unpacks to more than a body may be, or that is none, is refused", async () => {
    expect((await packed(gzipSync(JSON.stringify(good)))).status).toBe(201);
    const bomb = gzipSync(Buffer.alloc(200_000_000, 32));
    expect(bomb.length).toBeLessThan(300_000);
    expect((await packed(bomb)).status).toBe(413);
    expect((await packed(Buffer.from("no gzip"))).status).toBe(400);
    expect((await packed(gzipSync("{}").subarray(0, 12))).status).toBe(400);
  });

  it("bytes that are no UTF-8 are refused", async () => {
    const body = Buffer.from('{"functionName":"\u00ff","text":"t"}', "latin1");
    const headers = { "content-type": "application/json" };
    expect((await api.app.request(post, { method: "POST", headers, body: new Uint8Array(body) })).status).toBe(400);
  });

  const queries = [
    "/v1/suggestions?limit=0",
    "/v1/suggestions?limit=201",
    "/v1/suggestions?limit=-1",
    "/v1/suggestions?cursor=abc",
    "/v1/suggestions?outcome=good",
    "/v1/suggestions?from=soon",
    "/v1/suggestions?from=2026-11-22&from=2026-11-23",
    "/v1/suggestions?colour=red",
    `/v1/suggestions?search=${"x".repeat(201)}`,
    "/v1/suggestions?function=%00",
    "/v1/metrics?from=2026-11-22&to=2026-11-21",
    "/v1/metrics?zone=Mars/Base",
    "/v1/metrics?project=another",
    "/v1/suggestions/42",
    `/v1/suggestions/${newId()}%00`,
  ];
  it.each(queries)("%s is refused", async (path) => {
    const { status, json } = await api.get(path);
    expect([status, told(json).code]).toEqual([400, "invalid_input"]);
  });

  it("a question whose answer no process could hold is refused before it is read, and says what to ask instead", async () => {
    const functions = ["f", "g", "h", "i"].map((functionName) => ({ functionName, text: "Hello there" }));
    expect((await api.post(post, functions)).status).toBe(200);
    for (const query of [
      "from=0001-01-01&bucket=hour",
      "from=0001-01-01&to=9999-12-31&bucket=day&zone=Europe/Berlin",
      "from=170w&bucket=hour&by=function",
    ]) {
      const { status, json } = await api.get(`/v1/metrics?${query}`);
      expect([query, status, json["error"]]).toEqual([
        query,
        400,
        expect.objectContaining({ message: expect.stringMatching(/\d{5} .*shorter range/u) as string }),
      ]);
    }
    for (const query of ["from=0001-01-01&bucket=total", "from=1970-01-01&bucket=day", "from=52w&bucket=hour"])
      expect([query, (await api.get(`/v1/metrics?${query}`)).status]).toEqual([query, 200]);
  });

  it("says what methods there are", async () => {
    for (const [path, allow] of [
      [post, "POST, GET, HEAD"],
      [feedback, "POST"],
      ["/v1/live", "GET, HEAD"],
    ] as const) {
      const response = await api.app.request(path, { method: "DELETE" });
      expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
    }
  });
});
