import { expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { createConnection } from "../../src/remote/connection.ts";
import { createRemoteFeedback, type RemoteFeedback } from "../../src/remote/remote-feedback.ts";
import { problem, type Reply, startScripted } from "../client/scripted-server.ts";

// What is sent again is the same act: under the same key, at the same time. The server then takes it once.

type Act = { readonly idempotencyKey?: string; readonly createdAt?: string; readonly at?: string };

async function openRemote(replies: readonly Reply[]) {
  const { url, asked } = await startScripted((_asked, nth) => replies[nth - 1] ?? problem(400, "invalid_input"));
  let flushCount = 0;
  const feedback: RemoteFeedback = createRemoteFeedback({
    connection: createConnection({ url, key: null, fetch, timeoutMs: 10_000 }),
    now: () => new Date(),
    flushSuggestions: async () => void (flushCount += 1),
  });
  return { feedback, bodies: () => asked.map(({ body }) => body), flushCount: () => flushCount };
}

const suggestionId = newId();
const approval = { suggestionId, type: "approval" } as const;
const receipt = { feedbackId: newId(), suggestionId, type: "approval", keptRatio: null, created: true };
const missing = { code: "suggestion_not_found", message: "none", details: [] };
const taken: Reply = { status: 201, json: receipt };

it("feedback is sent again under the same key and time, after a lost answer and after its suggestion", async () => {
  const { feedback, bodies, flushCount } = await openRemote([
    "cut",
    problem(503, "database_unavailable"),
    problem(404, "suggestion_not_found"),
    taken,
  ]);
  expect(await feedback.feedback(approval)).toEqual(receipt);
  const [first, ...others] = bodies() as readonly Act[];
  expect(first).toMatchObject({
    idempotencyKey: expect.any(String) as unknown,
    createdAt: expect.any(String) as unknown,
  });
  expect(others).toEqual([first, first, first]);
  expect(flushCount()).toBe(1);
});

it("a list, some of whose suggestions were late, is sent again under the same keys, each act its own", async () => {
  const { feedback, bodies, flushCount } = await openRemote([
    {
      status: 207,
      json: {
        results: [
          { ok: true, ...receipt },
          { ok: false, error: missing },
        ],
      },
    },
    "cut",
    {
      status: 200,
      json: {
        results: [
          { ok: true, ...receipt, created: false },
          { ok: true, ...receipt },
        ],
      },
    },
  ]);
  const results = await feedback.feedback([approval, { ...approval, suggestionId: newId() }]);
  expect(results.map(({ ok }) => ok)).toEqual([true, true]);
  const [first, ...others] = bodies() as readonly (readonly Act[])[];
  expect(new Set(first?.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
  expect(others).toEqual([first, first]);
  expect(flushCount()).toBe(1);
});

it("what was sent and what was seen happened when they were told, however often they are sent", async () => {
  const sent = await openRemote(["cut", { status: 201, json: { recorded: true, ...receipt } }]);
  await sent.feedback.sent({ suggestionId, finalText: "Hello" });
  const shown = await openRemote(["cut", { status: 200, json: { suggestionId, shownAt: new Date(), first: true } }]);
  await shown.feedback.shown(suggestionId);
  for (const [first, again] of [sent.bodies(), shown.bodies()] as readonly (readonly Act[])[]) {
    expect(first?.createdAt ?? first?.at).toEqual(expect.any(String));
    expect(again).toEqual(first);
  }
});

it("a refusal is not asked for again", async () => {
  const { feedback, bodies } = await openRemote([problem(400, "invalid_input"), taken]);
  await expect(feedback.feedback(approval)).rejects.toMatchObject({ code: "invalid_input" });
  expect(bodies()).toHaveLength(1);
});

it("an answer of somebody else's is no receipt", async () => {
  const { feedback } = await openRemote(Array.from({ length: 4 }, () => ({ status: 200, json: { status: "fine" } })));
  const refused = { code: "database_unavailable", message: expect.stringContaining("uptake serve") as unknown };
  await expect(feedback.feedback(approval)).rejects.toMatchObject(refused);
  await expect(feedback.feedback([approval])).rejects.toMatchObject(refused);
  await expect(feedback.sent({ suggestionId, finalText: "Hello" })).rejects.toMatchObject(refused);
  await expect(feedback.shown(suggestionId)).rejects.toMatchObject(refused);
});
