import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type ClientOptions, createClient, type Dropped, type UptakeClient } from "../../src/client.ts";
import { newUuid } from "../../src/client/uuid.ts";
import { isUuid } from "../../src/domain/ids.ts";
import { problem, startScripted, taken } from "./scripted-server.ts";

const SUGGESTION = { functionName: "draft-reply", text: "Please restart the router." };
const items = (body: unknown): readonly { readonly suggestionId?: string; readonly idempotencyKey?: string }[] =>
  body as readonly { readonly suggestionId?: string }[];

function openClient(options: ClientOptions): { readonly client: UptakeClient; readonly dropped: Dropped[] } {
  const dropped: Dropped[] = [];
  const client = createClient({ gatherMs: 1, onDropped: (one) => dropped.push(one), ...options });
  onTestFinished(() => client.close(0));
  return { client, dropped };
}

describe("createClient", () => {
  it("sends what comes together in one request, with the key, and gives each its own receipt", async () => {
    const server = await startScripted(taken);
    const { client } = openClient({ url: `${server.url}/`, key: "pk-up-a:sk-up-b" });
    const receipts = await Promise.all([client.suggestion(SUGGESTION), client.suggestion(SUGGESTION)]);
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]).toMatchObject({ path: "/v1/suggestions", authorization: "Bearer pk-up-a:sk-up-b" });
    expect(receipts.map(({ suggestionId }) => suggestionId)).toEqual(
      items(server.asked[0]?.body).map(({ suggestionId }) => suggestionId),
    );
  });

  it.each([
    ["a cut connection", "cut"],
    ["408", problem(408, "request_timeout")],
    ["500", problem(500, "internal_error")],
    ["503", problem(503, "database_unavailable", { "retry-after": "0" })],
    ["429", problem(429, "too_many_requests", { "retry-after": new Date(0).toUTCString() })],
    ["an answer that is no JSON's", { status: 502, json: "<html>" }],
    ["200 with JSON that is no object", { status: 200, json: null }],
  ] as const)("sends the same again after %s, under the same id", async (_, trouble) => {
    const server = await startScripted((asked, nth) => (nth === 1 ? trouble : taken(asked)));
    const { client, dropped } = openClient({ url: server.url });
    const { suggestionId } = await client.suggestion(SUGGESTION);
    expect(server.asked.map(({ body }) => items(body)[0]?.suggestionId)).toEqual([suggestionId, suggestionId]);
    expect(dropped).toEqual([]);
  });

  it("sends feedback again under the same key, at the time it was told", async () => {
    const server = await startScripted((asked, nth) => (nth === 1 ? "cut" : taken(asked)));
    const { client } = openClient({ url: server.url });
    await client.feedback({ suggestionId: newUuid(), type: "approval" });
    const [first, again] = server.asked.map(({ body }) => items(body)[0]);
    expect(first).toMatchObject({
      idempotencyKey: expect.any(String) as unknown,
      createdAt: expect.any(String) as unknown,
    });
    expect(again).toEqual(first);
  });

  it("waits as long as Retry-After says", async () => {
    const server = await startScripted((asked, nth) =>
      nth === 1 ? problem(429, "too_many_requests", { "retry-after": "1" }) : taken(asked),
    );
    const { client } = openClient({ url: server.url });
    const since = performance.now();
    await client.suggestion(SUGGESTION);
    expect(performance.now() - since).toBeGreaterThanOrEqual(990);
  });

  it("halves a list that is refused until the one to blame stands alone", async () => {
    const bad = newUuid();
    const server = await startScripted((asked) =>
      items(asked.body).some(({ suggestionId }) => suggestionId === bad) ? problem(400, "invalid_input") : taken(asked),
    );
    const { client, dropped } = openClient({ url: server.url });
    const ids = [newUuid(), newUuid(), bad, newUuid(), newUuid()];
    const results = await Promise.allSettled(
      ids.map((suggestionId) => client.suggestion({ ...SUGGESTION, suggestionId })),
    );
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(dropped).toMatchObject([
      {
        kind: "suggestion",
        item: { suggestionId: bad },
        error: { code: "invalid_input", status: 400, details: ["a detail"] },
      },
    ]);
  });

  it("drops everything at once where the key is wrong, and tells of each", async () => {
    const server = await startScripted(() => problem(401, "unauthorized"));
    const { client, dropped } = openClient({ url: server.url });
    const results = await Promise.allSettled([1, 2, 3].map(() => client.suggestion(SUGGESTION)));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(server.asked).toHaveLength(1);
    expect(dropped.map(({ error }) => error.code)).toEqual(["unauthorized", "unauthorized", "unauthorized"]);
  });

  it("rejects the one that is refused among those that are taken", async () => {
    const server = await startScripted(() => ({
      status: 207,
      json: {
        results: [
          { ok: true, feedbackId: "f" },
          { ok: false, error: { code: "suggestion_not_found", message: "none", details: [] } },
        ],
      },
    }));
    const { client } = openClient({ url: server.url });
    const feedback = { suggestionId: newUuid(), type: "approval" } as const;
    const [one, other] = await Promise.allSettled([client.feedback(feedback), client.feedback(feedback)]);
    expect(one).toEqual({ status: "fulfilled", value: { feedbackId: "f" } });
    expect(other).toMatchObject({ status: "rejected", reason: { code: "suggestion_not_found" } });
    const keys = items(server.asked[0]?.body).map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(keys).size).toBe(2);
  });

  it("rejects what an answer says nothing of, or nothing that can be read, and goes on", async () => {
    const server = await startScripted((asked, nth) =>
      nth === 1 ? { status: 207, json: { results: [null, { ok: false }, "?"] } } : taken(asked),
    );
    const { client, dropped } = openClient({ url: server.url });
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => client.suggestion(SUGGESTION)));
    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => "rejected"));
    expect(dropped.map(({ error }) => error.code)).toEqual(Array.from({ length: 4 }, () => "unexpected_answer"));
    await expect(client.suggestion(SUGGESTION)).resolves.toHaveProperty("suggestionId");
  });

  it("takes no answer for a receipt that is somebody else's", async () => {
    const server = await startScripted(() => ({ status: 200, json: { status: "fine" } }));
    const { client, dropped } = openClient({ url: server.url });
    const told = [
      client.sent({ ticketId: "42", finalText: "Done." }),
      client.shown(newUuid()),
      client.suggestion(SUGGESTION),
    ];
    for (const one of told) await expect(one).rejects.toMatchObject({ code: "unexpected_answer" });
    expect(dropped).toHaveLength(3);
  });

  it("tells of what no request can be made of, and goes on", async () => {
    const server = await startScripted((asked) =>
      Array.isArray(asked.body) ? taken(asked) : { status: 200, json: { shownAt: "now" } },
    );
    const { client, dropped } = openClient({ url: server.url });
    const itself: Record<string, unknown> = {};
    itself["itself"] = itself;
    for (const input of [1n, itself]) {
      await expect(client.suggestion({ ...SUGGESTION, input })).rejects.toMatchObject({ code: "invalid_input" });
    }
    await expect(client.shown("half a character: \ud800")).rejects.toMatchObject({ code: "invalid_input" });
    expect(dropped.map(({ kind }) => kind)).toEqual(["suggestion", "suggestion", "shown"]);
    await expect(client.shown(newUuid())).resolves.toEqual({ shownAt: "now" });
    await expect(client.suggestion(SUGGESTION)).resolves.toHaveProperty("suggestionId");
  });

  it("goes on where whoever is told of what was dropped throws", async () => {
    const server = await startScripted((asked, nth) => (nth === 1 ? problem(401, "unauthorized") : taken(asked)));
    const { client } = openClient({
      url: server.url,
      onDropped() {
        throw new Error("made up");
      },
    });
    await expect(client.suggestion(SUGGESTION)).rejects.toMatchObject({ code: "unauthorized" });
    await expect(client.suggestion(SUGGESTION)).resolves.toHaveProperty("suggestionId");
  });

  it("holds no more than it may, and says what it did not take", async () => {
    const { client, dropped } = openClient({ url: "http://127.0.0.1:1", maxQueued: 2 });
    const all = [1, 2, 3].map(() => client.suggestion(SUGGESTION));
    await expect(all[2]).rejects.toMatchObject({ code: "queue_full" });
    await client.close(0);
    expect(dropped.map(({ error }) => error.code)).toEqual(["queue_full", "closed", "closed"]);
  });

  it("gives up what was tried for long enough, and goes on with the rest", async () => {
    let isUp = false;
    const server = await startScripted((asked) => (isUp ? taken(asked) : problem(500, "internal_error")));
    const { client } = openClient({ url: server.url, giveUpMs: 1 });
    await expect(client.suggestion(SUGGESTION)).rejects.toMatchObject({ code: "internal_error", status: 500 });
    isUp = true;
    await expect(client.suggestion(SUGGESTION)).resolves.toHaveProperty("suggestionId");
  });

  it("waits no longer than it tries, whatever Retry-After says", async () => {
    const server = await startScripted(() => problem(429, "too_many_requests", { "retry-after": "86400" }));
    const { client } = openClient({ url: server.url, giveUpMs: 100 });
    await expect(client.suggestion(SUGGESTION)).rejects.toMatchObject({ code: "too_many_requests" });
  });

  it("leaves the server alone also where it says so for longer than a timer can run", async () => {
    const server = await startScripted(() => problem(503, "database_unavailable", { "retry-after": "2592000" }));
    const { client } = openClient({ url: server.url, giveUpMs: Infinity });
    void client.suggestion(SUGGESTION);
    await vi.waitFor(() => expect(server.asked).toHaveLength(1));
    await sleep(100);
    expect(server.asked).toHaveLength(1);
  });

  it("holds 1,000 of a kind unless told otherwise, and sends a hundred of them at once", async () => {
    const server = await startScripted(taken);
    const { client, dropped } = openClient({ url: server.url, gatherMs: 60_000 });
    for (let n = 0; n < 1_001; n += 1) void client.suggestion(SUGGESTION);
    expect(dropped.map(({ error }) => error.code)).toEqual(["queue_full"]);
    await client.flush();
    expect(server.asked.map(({ body }) => items(body).length)).toEqual(Array.from({ length: 10 }, () => 100));
  });

  it("flushes: resolves when everything before is committed", async () => {
    const server = await startScripted(taken);
    const { client } = openClient({ url: server.url, gatherMs: 60_000 });
    void client.suggestion(SUGGESTION);
    await client.flush();
    expect(server.asked).toHaveLength(1);
  });

  it("flushes what was there, however much keeps coming", async () => {
    let isStopped = false;
    // With every answer there is one more to send.
    const server = await startScripted((asked) => {
      if (!isStopped) void client.suggestion(SUGGESTION);
      return taken(asked);
    });
    const { client } = openClient({ url: server.url });
    void client.suggestion(SUGGESTION);
    await client.flush();
    isStopped = true;
    expect(server.asked.length).toBeLessThan(3);
    await client.flush();
  });

  it("posts what was sent, and what was shown, one by one to their routes", async () => {
    const shown = { suggestionId: newUuid(), shownAt: new Date().toISOString(), first: true };
    const server = await startScripted((_, nth) => ({ status: 200, json: nth === 1 ? { recorded: false } : shown }));
    const { client } = openClient({ url: server.url });
    const { suggestionId } = shown;
    await client.sent({ ticketId: "42", finalText: "Done." });
    await client.shown(suggestionId, { agentId: "ann" });
    expect(server.asked).toMatchObject([
      { path: "/v1/sent", body: { ticketId: "42", finalText: "Done." } },
      { path: `/v1/suggestions/${suggestionId}/shown`, body: { agentId: "ann" } },
    ]);
    expect(server.asked[1]?.body).not.toHaveProperty("suggestionId");
  });
});

describe("newUuid", () => {
  it("makes UUIDs of version 7 that tell their time and sort by it", () => {
    const before = Date.now();
    const id = newUuid();
    expect(isUuid(id) && id[14]).toBe("7");
    const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    expect(ms).toBeGreaterThanOrEqual(before);
    expect(ms).toBeLessThanOrEqual(Date.now());
    expect("89ab").toContain(id[19]);
  });
});
