import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { openApi } from "./api-rig.ts";

const SUGGESTION = { functionName: "draft-reply", text: "Please restart the router.", confidence: 0.7, model: "m-1" };

type Listed = { readonly suggestionId: string };

describeOnPostgres("the API", (open) => {
  it("takes one suggestion, shows it with its trace, and takes it once", async () => {
    const db = await open();
    const api = openApi(db);
    const suggestionId = newId();
    const given = { ...SUGGESTION, suggestionId, input: { question: "?" }, inputTokens: 12, latencyMs: 120 };
    const first = await api.post("/v1/suggestions", given);
    expect(first.status).toBe(201);
    expect(first.json).toEqual({
      suggestionId,
      traceId: suggestionId.replaceAll("-", ""),
      created: true,
      feedbackToken: null,
    });
    const again = await api.post("/v1/suggestions", given);
    expect([again.status, again.json["created"]]).toEqual([200, false]);
    const { json } = await api.get(`/v1/suggestions/${suggestionId}`);
    expect(json).toMatchObject({
      suggestionId,
      functionName: "draft-reply",
      text: SUGGESTION.text,
      latencyMs: 120,
      inputTokens: 12,
      outputTokens: null,
      outcome: "pending",
      observations: [
        { type: "agent", name: "draft-reply", input: { question: "?" } },
        { type: "generation", model: "m-1", usage: { input: 12 }, output: SUGGESTION.text },
      ],
      mirror: { state: "waiting" },
      feedback: [],
    });
    expect(await db.query("select from ai_suggestions")).toHaveLength(1);
  });

  it("knows a text again that Postgres cannot hold as it is", async () => {
    const api = openApi(await open());
    const given = { functionName: "f", text: "a\0b \ud800", idempotencyKey: "k", metadata: { "a\0": "\udfff" } };
    expect((await api.post("/v1/suggestions", given)).status).toBe(201);
    const again = await api.post("/v1/suggestions", given);
    expect([again.status, again.json["created"]]).toEqual([200, false]);
  });

  it("takes of a list what is right, and says what is wrong with each other", async () => {
    const api = openApi(await open());
    const { status, json } = await api.post("/v1/suggestions", [
      { ...SUGGESTION, idempotencyKey: "a" },
      { ...SUGGESTION, inputTokens: -1 },
      { functionName: "f" },
      { ...SUGGESTION, idempotencyKey: "a" },
      { ...SUGGESTION, text: "Another", idempotencyKey: "a" },
    ]);
    expect(status).toBe(207);
    expect(json["results"]).toMatchObject([
      { ok: true, created: true },
      { ok: false, error: { code: "invalid_input", details: [expect.stringContaining("suggestions[1].inputTokens")] } },
      { ok: false, error: { code: "invalid_input" } },
      { ok: true, created: false },
      { ok: false, error: { code: "suggestion_id_taken" } },
    ]);
  });

  it("counts the first of a list that has one key, also where the statement it goes into is the slower one", async () => {
    const db = await open();
    let writes = 0;
    const query: Database["query"] = async (text, values) => {
      if (text.includes("insert into ai_suggestions") && (writes += 1) === 1) await setTimeout(150);
      return db.query(text, values);
    };
    const api = openApi({ ...db, query });
    const { json } = await api.post(
      "/v1/suggestions",
      ["First", "Second", "Third"].map((text) => ({ ...SUGGESTION, text, idempotencyKey: "a" })),
    );
    expect(json["results"]).toMatchObject([
      { ok: true, created: true },
      { ok: false, error: { code: "suggestion_id_taken" } },
      { ok: false, error: { code: "suggestion_id_taken" } },
    ]);
  });

  it("keeps the observations it is given, under ids of its own", async () => {
    const api = openApi(await open());
    const startTime = "2026-11-22T10:00:00.000Z";
    const times = { startTime, endTime: "2026-11-22T10:00:01.500Z" };
    const { json } = await api.post("/v1/suggestions", {
      functionName: "draft-reply",
      text: "Hello",
      observations: [
        { id: "root", type: "agent", name: "draft-reply", ...times, output: "Hello", metadata: { tags: ["a"] } },
        {
          id: "g",
          parentId: "root",
          type: "generation",
          name: "call",
          model: "m",
          usage: { input: 3, input_cached_tokens: 2, output: 1 },
          ...times,
        },
        { parentId: "g", type: "tool", name: "look-up", ...times },
      ],
    });
    const { json: kept } = await api.get(`/v1/suggestions/${String(json["suggestionId"])}`);
    const observations = kept["observations"] as readonly { id: string; parentId: string | null }[];
    expect(observations.map(({ parentId }) => observations.findIndex(({ id }) => id === parentId))).toEqual([-1, 0, 1]);
    expect(observations[0]).not.toHaveProperty("output");
    expect(kept).toMatchObject({
      createdAt: startTime,
      latencyMs: 1500,
      model: "m",
      inputTokens: 5,
      outputTokens: 1,
      observationId: observations[1]?.id,
      metadata: { tags: ["a"] },
    });
  });

  it("records feedback, sent and shown, and shows their history with where each stands", async () => {
    const api = openApi(await open());
    const suggestionId = newId();
    await api.post("/v1/suggestions", { ...SUGGESTION, suggestionId, ticketId: "t-1" });
    const shown = await api.post(`/v1/suggestions/${suggestionId}/shown`, "");
    expect([shown.status, shown.json["first"]]).toEqual([200, true]);
    const key = { idempotencyKey: "act-1" };
    const rejection = { suggestionId, type: "rejection", reason: "too generic", ...key };
    expect((await api.post("/v1/feedback", rejection)).status).toBe(201);
    expect((await api.post("/v1/feedback", rejection)).json["created"]).toBe(false);
    const sent = await api.post("/v1/sent", { suggestionId, finalText: SUGGESTION.text, agentId: "agent-1" });
    expect(sent.json).toMatchObject({ recorded: true, type: "approval", keptRatio: 1 });
    expect((await api.post("/v1/sent", { ticketId: "t-2", finalText: "Hi" })).json).toEqual({ recorded: false });
    const { json } = await api.get(`/v1/suggestions/${suggestionId}`);
    expect(json).toMatchObject({
      outcome: "rejected",
      feedback: [
        { type: "rejection", source: "explicit", reasons: ["too generic"], mirror: { state: "waiting", attempts: 0 } },
        { type: "approval", source: "inferred", agentId: "agent-1" },
      ],
    });
    const batch = await api.post("/v1/feedback", [
      { suggestionId: newId(), type: "approval" },
      { suggestionId, type: "approval", createdAt: "1970-01-01T00:00:01Z" },
      { suggestionId, type: "approval" },
    ]);
    expect(batch.status).toBe(207);
    expect(batch.json["results"]).toMatchObject([
      { ok: false, error: { code: "suggestion_not_found", details: [expect.stringContaining("feedback[0]")] } },
      { ok: false, error: { code: "invalid_input", details: [expect.stringContaining("feedback[1].createdAt")] } },
      { ok: true, created: true },
    ]);
  });

  it("lists page by page, the newest first, and by every filter", async () => {
    const api = openApi(await open());
    const ids: string[] = [];
    for (let hour = 0; hour < 5; hour += 1) {
      const { json } = await api.post("/v1/suggestions", {
        ...SUGGESTION,
        text: `Text ${hour} 100%_`,
        ticketId: `t-${hour % 2}`,
        createdAt: `2026-11-2${hour}T10:00:00.000Z`,
        prompt: { name: "reply", version: hour },
        environment: hour === 4 ? "staging" : "production",
      });
      ids.unshift(String(json["suggestionId"]));
    }
    const walked: string[] = [];
    let cursor: unknown = "";
    do {
      const page = await api.get(`/v1/suggestions?limit=2${cursor === "" ? "" : `&cursor=${String(cursor)}`}`);
      walked.push(...(page.json["suggestions"] as readonly Listed[]).map(({ suggestionId }) => suggestionId));
      cursor = page.json["nextCursor"];
    } while (cursor !== null);
    expect(walked).toEqual(ids);
    const countOf = async (query: string): Promise<number> =>
      ((await api.get(`/v1/suggestions?${query}`)).json["suggestions"] as readonly unknown[]).length;
    expect(await countOf("function=draft-reply&model=m-1")).toBe(5);
    expect(await countOf("function=other")).toBe(0);
    expect(await countOf("environment=staging")).toBe(1);
    expect(await countOf("function=&environment=&model=&promptVersion=&ticket=&reason=&search=")).toBe(5);
    expect(await countOf("promptVersion=3")).toBe(1);
    expect(await countOf("ticket=t-1")).toBe(2);
    expect(await countOf("from=2026-11-22&to=2026-11-24")).toBe(2);
    expect(await countOf("outcome=accepted")).toBe(0);
    expect(await countOf("status=completed")).toBe(5);
    expect(await countOf("search=tEXT%203")).toBe(1);
    expect(await countOf(`search=${encodeURIComponent("0%_")}`)).toBe(5);
    expect(await countOf(`search=${encodeURIComponent("%3%")}`)).toBe(0);
  });

  it("says what changes, as it happens", async () => {
    const api = openApi(await open());
    await api.post("/v1/suggestions", SUGGESTION);
    const response = await api.app.request("/v1/live");
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let told = String((await reader?.read())?.value);
    expect(told).toContain("event: ready");
    const suggestionId = newId();
    // The first look is what is compared with, and nobody says when it is over: so again, until one is told.
    while (!told.includes("event: suggestion")) {
      await api.post("/v1/suggestions", { ...SUGGESTION, suggestionId: newId() });
      told += String((await reader?.read())?.value);
    }
    await api.post("/v1/suggestions", { ...SUGGESTION, suggestionId });
    await api.post("/v1/feedback", { suggestionId, type: "approval" });
    while (!/event: feedback\ndata: .*"type":"approval"/u.test(told)) told += String((await reader?.read())?.value);
    expect(told).toContain(suggestionId);
    await reader?.cancel();
  });

  it("leaves nobody listening who asked for the headers of what happens live alone", async () => {
    const api = openApi(await open());
    for (let asked = 0; asked < 250; asked += 1) {
      const { status, headers } = await api.app.request("/v1/live", { method: "HEAD" });
      expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    }
    const response = await api.app.request("/v1/live");
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });
});
