import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { basic, makeKey, openSecured, type SecuredRig } from "./secured-rig.ts";

// What a project reads is the same, to the last number, whether or not there is another one in the database that does the
// same things, and more and later. Numbers carry no name that a test could look for.

const HOUR_MS = 3_600_000;
const NOW = Date.now();
/** A day that is over and the hour that runs: what is read as days, as hours and from what still waits to be added up. */
const AGES_MS = [50 * HOUR_MS, HOUR_MS, 60_000];
const FROM = new Date(NOW - 100 * HOUR_MS).toISOString();
const TO = new Date(NOW + 2 * HOUR_MS).toISOString();

type Headers = Record<string, string>;

async function openTwo() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const api = openSecured(db);
  const [a, b] = [basic(await makeKey(db, "a", ["admin"])), basic(await makeKey(db, "b", ["admin"]))];
  return { db, api, a, b };
}

const isoAfter = (createdAt: string, ms: number): string => new Date(Date.parse(createdAt) + ms).toISOString();

/** A suggestion of every age for each of: approved, revised, rejected, open. */
async function live(api: SecuredRig, headers: Headers, decideAfterMs: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const ageMs of AGES_MS) {
    const createdAt = new Date(NOW - ageMs).toISOString();
    const made = Array.from({ length: 4 }, (_, index) => ({
      suggestionId: newId(),
      functionName: "f",
      model: "m",
      text: "Hello there",
      ticketId: "t-1",
      confidence: 0.2 * (index + 1),
      latencyMs: decideAfterMs,
      createdAt,
    }));
    const [approved, revised, rejected] = made.map(({ suggestionId }) => suggestionId);
    const at = isoAfter(createdAt, decideAfterMs);
    const acts = [
      { suggestionId: approved, type: "approval", createdAt: at },
      { suggestionId: revised, type: "revision", reason: "wrong tone", finalText: "Hello", createdAt: at },
      { suggestionId: rejected, type: "rejection", reason: "too generic", createdAt: at },
    ];
    expect((await api.post("/v1/suggestions", made, headers)).status).toBe(200);
    expect((await api.post("/v1/feedback", acts, headers)).status).toBe(200);
    ids.push(...made.map(({ suggestionId }) => suggestionId));
  }
  return ids;
}

const range = `from=${FROM}&to=${TO}&bucket=total`;
/** The metrics at each level that they are kept at: of the project, of functions, of series, and of the rows themselves. */
const levels = ["", "&by=function", "&by=model", "&by=confidenceBand"];
const PATHS: readonly string[] = [
  "/v1/suggestions?limit=200",
  "/v1/suggestions?limit=200&ticket=t-1&outcome=rejected",
  ...levels.map((by) => `/v1/metrics?${range}${by}`),
  `/v1/metrics?from=${FROM}&to=${TO}&bucket=hour`,
  ...levels.slice(0, 3).map((by) => `/v1/reasons?${range}${by}`),
  `/v1/calibration?${range}`,
  `/v1/survival?${range}`,
  "/v1/set-up",
  "/v1/mirror",
];

/** All that can be read, by path; without what only the clock changes. */
async function readAll(api: SecuredRig, headers: Headers): Promise<Readonly<Record<string, unknown>>> {
  const read: Record<string, unknown> = {};
  for (const path of PATHS) {
    const { status, json } = await api.get(path, headers);
    expect([path, status]).toEqual([path, 200]);
    read[path] = { ...json, oldestWaitingSeconds: undefined };
  }
  return read;
}

/** What the mirror leaves of its work: delivered, left out, dead, counted; feedback still waits. */
async function mirrorSome(db: Database, projectId: string): Promise<void> {
  await db.query(
    `insert into langfuse_deliveries (kind, ref, project_id, trace_id, langfuse_ids, attempts, kept_by)
     select kind, ref, project_id, 't', '{x}', 1, 'error' from langfuse_outbox where project_id = $1`,
    [projectId],
  );
  await db.query(
    `insert into langfuse_left_out (suggestion_id, project_id, rule, feedback_count)
     select id, project_id, 'share', 1 from ai_suggestions where project_id = $1`,
    [projectId],
  );
  await db.query("insert into langfuse_days values ($1, (now() at time zone 'UTC')::date, 7)", [projectId]);
  await db.query(
    "update langfuse_outbox set dead_at = now(), last_error = 'refused' where project_id = $1 and kind = 'trace'",
    [projectId],
  );
}

it("every number and list of a project is the same whatever another one does, waiting to be added up or added up", async () => {
  const { db, api, a, b } = await openTwo();
  const roller = createRoller({ db, log: silentLogger });
  await live(api, b, 5_000);
  await mirrorSome(db, "b");
  const before = await readAll(api, b);
  const nothing = await readAll(api, a);
  await live(api, a, 700_000);
  await live(api, a, 700_000);
  await mirrorSome(db, "a");
  expect(await readAll(api, b)).toEqual(before);
  await roller.rollAll();
  expect(await readAll(api, b)).toEqual(before);
  // The other one has something at every path.
  const others = await readAll(api, a);
  expect(PATHS.filter((path) => JSON.stringify(others[path]) === JSON.stringify(nothing[path]))).toEqual([]);
});

it("what happens live is told to its own project only", async () => {
  const { api, a, b } = await openTwo();
  const response = await api.app.request("/v1/live", { headers: b });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  onTestFinished(() => reader?.cancel());
  let told = "";
  const until = async (what: RegExp, again: () => Promise<unknown> = () => Promise.resolve()): Promise<void> => {
    while (!what.test(told)) {
      await again();
      told += String((await reader?.read())?.value);
    }
  };
  const make = async (headers: Headers): Promise<string> =>
    String((await api.post("/v1/suggestions", { functionName: "f", text: "Hello" }, headers)).json["suggestionId"]);
  const approve = (suggestionId: string, headers: Headers) =>
    api.post("/v1/feedback", { suggestionId, type: "approval" }, headers);
  // The first look is what is compared with, and nobody says when it is over: so again, until one is told.
  await until(/event: suggestion/u, () => make(b));
  const foreign = await Promise.all(Array.from({ length: 5 }, () => make(a)));
  for (const id of foreign) await approve(id, a);
  const own = await make(b);
  await approve(own, b);
  await until(new RegExp(`event: feedback\\ndata: .*${own}`, "u"));
  // What was told with it comes before the next.
  const next = await make(b);
  await until(new RegExp(next, "u"));
  for (const id of foreign) expect(told).not.toContain(id);
  const counts = [...told.matchAll(/"waitingCount":(\d+)/gu)].map(([, count]) => Number(count));
  expect(counts.length).toBeGreaterThan(0);
  expect(Math.max(...counts)).toBeLessThanOrEqual(Number((await api.get("/v1/mirror", b)).json["waitingCount"]));
});
