import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { createStandInLangfuse } from "../../src/langfuse/stand-in/stand-in.ts";
import { createLangfuseLook } from "../../src/server/look-at-langfuse.ts";
import type { Database } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { openApi } from "./api-rig.ts";
import { basic, makeKey, openSecured } from "./secured-rig.ts";

async function openDatabase(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

it("GET /v1/set-up says what is missing, and then what there is", async () => {
  const api = openApi(await openDatabase());
  const before = await api.get("/v1/set-up");
  expect(before.json).toEqual({
    database: { kind: "postgres" },
    langfuse: { state: "not_set", target: null, version: null, project: null, dialect: null, message: null },
    suggestion: null,
    feedback: null,
  });
  const suggestionId = newId();
  await api.post("/v1/suggestions", { functionName: "draft-reply", text: "Hello", suggestionId });
  expect((await api.get("/v1/set-up")).json).toMatchObject({
    suggestion: { suggestionId, functionName: "draft-reply" },
    feedback: null,
  });
  await api.post("/v1/feedback", { suggestionId, type: "approval" });
  expect((await api.get("/v1/set-up")).json).toMatchObject({ feedback: { suggestionId, type: "approval" } });
});

it("Langfuse is looked at: there with our keys, there without, away; and asked once for many", async () => {
  const standIn = createStandInLangfuse();
  onTestFinished(() => standIn.close());
  const langfuse = await standIn.start();
  let at = 0;
  const look = createLangfuseLook({ langfuse }, () => at);
  expect(await look()).toMatchObject({ state: "reached", target: langfuse.baseUrl, dialect: "v4", message: null });
  const wrong = createLangfuseLook({ langfuse: { ...langfuse, secretKey: "sk-lf-wrong" } }, () => at);
  expect(await wrong()).toMatchObject({ state: "refused", version: null });
  await standIn.close();
  expect((await look()).state).toBe("reached"); // not asked again so soon
  at = 60_000;
  expect((await look()).state).toBe("away");
});

it("POST /v1/mirror/retry revives the dead letters of its own project, of a kind or of all, and nobody else's", async () => {
  const db = await openDatabase();
  const api = openSecured(db);
  const [admin, reader] = [await makeKey(db, "a", ["admin"]), await makeKey(db, "a", ["read", "write"])];
  const add = (kind: string, projectId: string) =>
    db.query(
      `insert into langfuse_outbox (kind, ref, project_id, dead_at, last_error) values ($1, $2, $3, now(), 'refused')`,
      [kind, newId(), projectId],
    );
  await Promise.all([add("trace", "a"), add("feedback", "a"), add("feedback", "a"), add("trace", "b")]);
  expect((await api.post("/v1/mirror/retry", {}, basic(reader))).status).toBe(403);
  expect((await api.post("/v1/mirror/retry", { kind: "score" }, basic(admin))).status).toBe(400);
  expect((await api.post("/v1/mirror/retry", { kind: "trace" }, basic(admin))).json).toEqual({ requeuedCount: 1 });
  expect((await api.post("/v1/mirror/retry", "", basic(admin))).json).toEqual({ requeuedCount: 2 });
  const dead = await db.query("select project_id from langfuse_outbox where dead_at is not null");
  expect(dead).toEqual([{ project_id: "b" }]);
});
