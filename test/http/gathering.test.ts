import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { openTestPostgres } from "../support/databases.ts";
import { openApi } from "./api-rig.ts";

it("acts of many requests at once are each answered for themselves, and one that Postgres refuses takes no other with it", async () => {
  const { db, drop } = await openTestPostgres().then((opened) => ({ db: opened.db, drop: () => opened.drop() }));
  onTestFinished(drop);
  // As in a database that was adopted, where an agent's id is a number, and text is refused by the cast.
  await db.query(`create or replace function uptake_agent_id(value text) returns text language sql immutable as
    'select (value::bigint)::text'`);
  const api = openApi(db);
  const ids = Array.from({ length: 40 }, newId);
  await api.post(
    "/v1/suggestions",
    ids.map((suggestionId) => ({ suggestionId, functionName: "f", text: "Hello" })),
  );
  const answers = await Promise.all(
    ids.map((suggestionId, index) =>
      api.post("/v1/feedback", [
        { suggestionId, type: "approval", agentId: index === 7 ? "agent" : "42" },
        { suggestionId: newId(), type: "approval" },
      ]),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toEqual(ids.map((_, index) => (index === 7 ? 400 : 207)));
  for (const [index, { json }] of answers.entries()) {
    if (index === 7) continue;
    expect(json["results"]).toMatchObject([
      { ok: true, suggestionId: ids[index] },
      { ok: false, error: { details: [expect.stringContaining("feedback[1].suggestionId")] } },
    ]);
  }
  const rows = await db.query<{ id: string }>("select suggestion_id as id from ai_feedback_events");
  expect(rows.map(({ id }) => id).sort()).toEqual(ids.filter((_, index) => index !== 7).sort());
});

it("forty acts on one suggestion at once are all kept, and the newest decides", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const api = openApi(opened.db);
  const suggestionId = newId();
  await api.post("/v1/suggestions", { suggestionId, functionName: "f", text: "Hello" });
  const acts = Array.from({ length: 40 }, (_, index) => ({
    suggestionId,
    type: index === 39 ? "approval" : "rejection",
    reason: "error",
    createdAt: new Date(Date.now() - 60_000 + index * 1_000).toISOString(),
  }));
  const answers = await Promise.all(acts.map((act) => api.post("/v1/feedback", act)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(await opened.db.query("select from ai_feedback_events")).toHaveLength(40);
  expect((await api.get(`/v1/suggestions/${suggestionId}`)).json["outcome"]).toBe("accepted");
});
