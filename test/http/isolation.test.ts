import { expect, it } from "vitest";
import type { Scope } from "../../src/domain/api-key.ts";
import { newId } from "../../src/domain/ids.ts";
import { endApiKey, rotateApiKey } from "../../src/service/manage-api-keys.ts";
import { openTestPostgres } from "../support/databases.ts";
import { onTestFinished } from "vitest";
import { basic, bearer, makeKey, openSecured } from "./secured-rig.ts";

const ALL: readonly Scope[] = ["write", "feedback", "read"];

async function openDatabase() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

const SUGGESTION = { functionName: "f", text: "Hello there", ticketId: "t-1" };

it("a feedback token reports on its own suggestion, and nothing else", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  const key = await makeKey(db, "a", ALL);
  const made = await api.post("/v1/suggestions", [SUGGESTION, { ...SUGGESTION, ticketId: "t-2" }], basic(key));
  const [own, other] = made.json["results"] as readonly { suggestionId: string; feedbackToken: string }[];
  if (own === undefined || other === undefined) throw new Error("two were made");
  const headers = bearer(own.feedbackToken);
  const act = (suggestionId: string) => ({ suggestionId, type: "approval" });
  expect((await api.post(`/v1/suggestions/${own.suggestionId}/shown`, {}, headers)).status).toBe(200);
  expect((await api.post("/v1/feedback", act(own.suggestionId), headers)).status).toBe(201);
  expect((await api.post("/v1/feedback", [act(own.suggestionId.toUpperCase())], headers)).status).toBe(200);
  expect((await api.post("/v1/sent", { suggestionId: own.suggestionId, finalText: "Hello" }, headers)).status).toBe(
    201,
  );
  const before = await db.query("select count(*) from ai_feedback_events");
  const refused = [
    api.post(`/v1/suggestions/${other.suggestionId}/shown`, {}, headers),
    api.post("/v1/feedback", act(other.suggestionId), headers),
    api.post("/v1/feedback", [act(own.suggestionId), act(other.suggestionId)], headers),
    api.post("/v1/sent", { suggestionId: other.suggestionId, finalText: "Hello" }, headers),
    api.post("/v1/sent", { ticketId: "t-2", finalText: "Hello" }, headers),
    api.post("/v1/suggestions", SUGGESTION, headers),
    api.get(`/v1/suggestions/${own.suggestionId}`, headers),
  ];
  for (const { status } of await Promise.all(refused)) expect(status).toBe(403);
  expect(await db.query("select count(*) from ai_feedback_events")).toEqual(before);
});

it("projects in one database neither see nor overwrite each other", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  const [a, b] = [basic(await makeKey(db, "a", ALL)), basic(await makeKey(db, "b", ALL))];
  const suggestionId = newId();
  const key = "the same key";
  await api.post(
    "/v1/suggestions",
    { ...SUGGESTION, suggestionId, idempotencyKey: undefined, observations: undefined },
    a,
  );
  // A row that a product left pending is completed by its own project only, and gets no trace from another.
  const pendingId = newId();
  await db.query(
    "insert into ai_suggestions (id, project_id, suggested_response, status) values ($1, 'a', 'Processing...', 'pending')",
    [pendingId],
  );
  for (const id of [suggestionId, pendingId]) {
    const stolen = await api.post("/v1/suggestions", { ...SUGGESTION, text: "b's", suggestionId: id }, b);
    expect([stolen.status, (stolen.json["error"] as { code: string }).code]).toEqual([409, "suggestion_id_taken"]);
  }
  expect(await db.query("select from ai_traces where project_id = 'b'")).toHaveLength(0);
  const [bothA, bothB] = [
    await api.post("/v1/suggestions", { ...SUGGESTION, idempotencyKey: key }, a),
    await api.post("/v1/suggestions", { ...SUGGESTION, idempotencyKey: key }, b),
  ];
  expect([bothA.json["created"], bothB.json["created"]]).toEqual([true, true]);
  // Both at once under one id: one statement carries them, and one of the two is told.
  const raced = newId();
  const race = await Promise.all(
    [a, b].map((headers) => api.post("/v1/suggestions", { ...SUGGESTION, suggestionId: raced }, headers)),
  );
  expect(new Set(race.map(({ status }) => status))).toEqual(new Set([201, 409]));

  const act = { suggestionId, type: "approval", idempotencyKey: key };
  expect((await api.post("/v1/feedback", act, b)).status).toBe(404);
  expect((await api.post("/v1/sent", { suggestionId, finalText: "Hello" }, b)).status).toBe(404);
  expect((await api.post(`/v1/suggestions/${suggestionId}/shown`, {}, b)).status).toBe(404);
  expect((await api.get(`/v1/suggestions/${suggestionId}`, b)).status).toBe(404);
  expect((await api.post("/v1/feedback", act, a)).status).toBe(201);
  const own = { ...act, suggestionId: String(bothB.json["suggestionId"]) };
  expect((await api.post("/v1/feedback", own, b)).json["created"]).toBe(true);
  // Sent again it is the event of its own project, whoever used the key last.
  const late = { ...own, idempotencyKey: "another key" };
  const told = await api.post("/v1/feedback", late, b);
  await api.post("/v1/feedback", { ...act, idempotencyKey: late.idempotencyKey }, a);
  expect((await api.post("/v1/feedback", late, b)).json).toEqual({ ...told.json, created: false });
  // Of the ticket with the same id, everybody has their own.
  const sent = await api.post("/v1/sent", { ticketId: SUGGESTION.ticketId, finalText: "Something else" }, b);
  expect(sent.json["suggestionId"]).not.toBe(suggestionId);
  await api.post("/v1/suggestions", { ...SUGGESTION, ticketId: "only a's" }, a);
  const none = await api.post("/v1/sent", { ticketId: "only a's", finalText: SUGGESTION.text }, b);
  expect(none.json).toEqual({ recorded: false });
  const listed = (await api.get("/v1/suggestions", b)).json["suggestions"] as readonly { suggestionId: string }[];
  const ofA = (await db.query<{ id: string }>("select id from ai_suggestions where project_id = 'a'")).map(
    ({ id }) => id,
  );
  expect(listed.length).toBeGreaterThan(0);
  expect(listed.filter((one) => ofA.includes(one.suggestionId))).toEqual([]);
  const count = async (headers: Record<string, string>) => {
    const { rows } = (await api.get("/v1/metrics?bucket=total", headers)).json as {
      rows: { suggestionCount: number }[];
    };
    const waiting = (await api.get("/v1/mirror", headers)).json["waitingCount"];
    return { suggestionCount: rows[0]?.suggestionCount, waiting };
  };
  const [inDatabase] = await db.query<{ b: number; waiting: number }>(
    `select count(*) filter (where project_id = 'b') as b,
       (select count(*) from langfuse_outbox where project_id = 'b') as waiting from ai_suggestions`,
  );
  expect(await count(b)).toEqual({ suggestionCount: inDatabase?.b, waiting: inDatabase?.waiting });
});

it("everybody may come in until there is the first key, and nobody after, not even once it is revoked", async () => {
  const db = await openDatabase();
  const api = openSecured(db, { openProjectId: "default" });
  expect((await api.get("/v1/mirror")).status).toBe(200);
  expect((await api.get("/v1/mirror", bearer("pk:sk"))).status).toBe(401);
  const key = await makeKey(db, "default", ["read"]);
  expect((await api.get("/v1/mirror")).status).toBe(401);
  await endApiKey(db, key.publicKey);
  expect((await api.get("/v1/mirror")).status).toBe(401);
  expect((await api.get("/healthz")).status).toBe(200);
});

it("a rotated key and its successor are both taken for a while; no secret is in the database", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  const old = await makeKey(db, "a", ["read"]);
  const next = await rotateApiKey(db, old.publicKey, 60_000);
  for (const key of [old, next]) expect((await api.get("/v1/mirror", basic(key))).status).toBe(200);
  const [row] = await db.query<{ dump: string }>("select json_agg(k)::text as dump from api_keys k");
  for (const { secretKey } of [old, next]) expect(row?.dump).not.toContain(secretKey.slice("sk-up-".length));
});

it("a revoked key has no successor, and a rotation never lengthens what is left of a key", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  const revoked = await makeKey(db, "a", ["read"]);
  await endApiKey(db, revoked.publicKey);
  await expect(rotateApiKey(db, revoked.publicKey, 60_000)).rejects.toMatchObject({ code: "not_found" });
  const old = await makeKey(db, "a", ["read"]);
  await rotateApiKey(db, old.publicKey, 0);
  const next = await rotateApiKey(db, old.publicKey, 60_000);
  expect((await api.get("/v1/mirror", basic(old))).status).toBe(401);
  expect((await api.get("/v1/mirror", basic(next))).status).toBe(200);
  expect(await db.query("select count(*) as n from api_keys")).toEqual([{ n: 4 }]);
});
