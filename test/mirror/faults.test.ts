import { describe, expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import type { StandInAddress, StandInLangfuse } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { freePort } from "../support/postgres-server.ts";
import { type Gateway, startGateway, type Trouble } from "./gateway.ts";
import { insertSamples, type Made } from "./rows.ts";
import { drain, type LogLine, mirrorTo, readOutbox, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";
import { expectAllOnce } from "./whole.ts";

// Everything that can come back for a request with three traces, or fail to: what becomes of the messages, how long they
// wait, and what the log says. The clock of the mirror stands still, so after one failure it waits for ever, and the waits
// are what was decided, not what was slept.

const NOW = Date.parse("2026-03-02T10:00:00.000Z");
const BACK_OFF = { baseMs: 600_000, capMs: 3_600_000 };
/** Half of the first back-off, as the jitter is 0.5. */
const BACK_OFF_MS = 300_000;
const VISIBILITY_MS = 15_000;

type Scene = {
  readonly db: Database;
  readonly standIn: StandInLangfuse;
  readonly gateway: Gateway;
  readonly suggestions: readonly Made[];
};

async function setScene(count = 3): Promise<Scene> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { standIn, address } = await startStandIn();
  const suggestions = await insertSamples(opened.db, count);
  return { db: opened.db, standIn, gateway: await startGateway(address), suggestions };
}

const FAILURES = ["mirror.unavailable", "mirror.unsure", "mirror.refused"];

/** Lets a mirror meet the trouble once; resolves to what it said. */
async function meet(db: Database, address: StandInAddress, jitter = 0.5): Promise<readonly LogLine[]> {
  const { mirror, book } = mirrorTo(db, address, {
    now: () => NOW,
    random: () => jitter,
    backOff: BACK_OFF,
    visibilityDelayMs: VISIBILITY_MS,
    concurrency: 1,
    timeoutMs: 400,
  });
  mirror.start();
  await until("it has failed", () => book.lines.some(({ event }) => FAILURES.includes(event)));
  await mirror.stop();
  return book.lines;
}

/** How long each message waits from now on; some seconds of it have passed since it was decided. */
async function waitsOf(db: Database): Promise<readonly number[]> {
  const rows = await db.query<{ ms: number }>(
    `select (extract(epoch from available_at - now()) * 1000)::double precision as ms from langfuse_outbox order by id`,
  );
  return rows.map(({ ms }) => ms);
}

/** Within the ten seconds that a slow machine may take between the decision and this look. */
async function expectWaits(db: Database, waitMs: number): Promise<void> {
  for (const ms of await waitsOf(db)) {
    expect(ms).toBeLessThanOrEqual(waitMs);
    expect(ms).toBeGreaterThan(waitMs - 10_000);
  }
}

/** Langfuse is well again, and the waiting is over. */
async function heal({ db, standIn, gateway, suggestions }: Scene): Promise<ReturnType<typeof mirrorTo>> {
  gateway.setTrouble(null);
  await db.query(`update langfuse_outbox set available_at = now()`);
  const healed = mirrorTo(db, gateway.address);
  await drain(healed.mirror);
  await expectAllOnce({ db, standIn }, suggestions, []);
  return healed;
}

type Expected = {
  readonly level: LogLine["level"];
  readonly event: string;
  readonly error: string;
  readonly unsure: boolean;
  readonly waitMs: number;
};

async function expectOutcome(db: Database, lines: readonly LogLine[], expected: Expected): Promise<void> {
  const { level, event, error, unsure, waitMs } = expected;
  const said = lines.filter((line) => line.event.startsWith("mirror."));
  expect(said.map((line) => [line.level, line.event])).toEqual([[level, event]]);
  expect(said[0]?.facts).toMatchObject({ delayMs: waitMs, failureCount: 1 });
  expect(String(said[0]?.facts["error"])).toContain(error);
  const outbox = await readOutbox(db);
  const line = { attempts: 1, unsure, isLocked: false, isDead: false, lastError: said[0]?.facts["error"] };
  expect(outbox).toMatchObject([line, line, line]);
  await expectWaits(db, waitMs);
}

const inTenMinutes = new Date(NOW + 600_000).toUTCString();
const page = { "content-type": "text/html" };

describe("what Langfuse certainly did not take waits for the back-off, and is sent again as it is", () => {
  it.each<[string, Trouble, number, string]>([
    ["500", { status: 500, body: '{"message":"boom"}' }, BACK_OFF_MS, "answered 500: boom"],
    ["503", { status: 503, body: "<html>", headers: page }, BACK_OFF_MS, "answered 503"],
    ["408", { status: 408 }, BACK_OFF_MS, "answered 408"],
    ["429 without a Retry-After", { status: 429 }, BACK_OFF_MS, "answered 429"],
    ["429 for seconds", { status: 429, headers: { "retry-after": "600" } }, 600_000, "answered 429"],
    ["429 until a date", { status: 429, headers: { "retry-after": inTenMinutes } }, 600_000, "answered 429"],
    ["429 shorter than the back-off", { status: 429, headers: { "retry-after": "1" } }, BACK_OFF_MS, "answered 429"],
    ["503 with a Retry-After", { status: 503, headers: { "retry-after": "900" } }, 900_000, "answered 503"],
    ["429 for a day", { status: 429, headers: { "retry-after": "86400" } }, 3_600_000, "answered 429"],
  ])("%s", async (_what, trouble, waitMs, error) => {
    const scene = await setScene();
    scene.gateway.setTrouble(trouble);
    const lines = await meet(scene.db, scene.gateway.address);
    await expectOutcome(scene.db, lines, { level: "warn", event: "mirror.unavailable", error, unsure: false, waitMs });
    const { book } = await heal(scene);
    expect(book.named("mirror.read_back")).toEqual([]);
  });

  it.each([
    ["connection refused", async () => `http://127.0.0.1:${await freePort()}`, /ECONNREFUSED/],
    ["a name that does not exist", () => "http://langfuse.invalid", /ENOTFOUND|EAI_AGAIN/],
  ])("%s", async (_what, nowhere, error) => {
    const scene = await setScene();
    const lines = await meet(scene.db, { ...scene.gateway.address, baseUrl: await nowhere() });
    const code = error.exec(String(lines[0]?.facts["error"]))?.[0] ?? `not ${error.source}`;
    const expected = { event: "mirror.unavailable", error: code, unsure: false, waitMs: BACK_OFF_MS };
    await expectOutcome(scene.db, lines, { level: "warn", ...expected });
    const { book } = await heal(scene);
    expect(book.named("mirror.read_back")).toEqual([]);
  });
});

describe("what Langfuse may have taken is looked up before it is sent again", () => {
  const login = "<html>Sign in</html>";
  it.each<[string, Trouble, string, number]>([
    ["502", { status: 502 }, "answered 502", 0],
    ["504", { status: 504 }, "answered 504", 0],
    ["no answer in time", "hang", "no answer in time", 0],
    ["a reset before the answer", "reset", "UND_ERR_SOCKET", 0],
    ["a connection closed after it was taken", "cut", "UND_ERR_SOCKET", 3],
    ["an answer that breaks off", "break", "UND_ERR_SOCKET", 3],
    ["a login page with 200", { status: 200, body: login, headers: page }, "not Langfuse's", 0],
    ["a page around what was taken", { changeAnswer: () => login }, "not Langfuse's", 3],
  ])("%s", async (_what, trouble, error, foundCount) => {
    const scene = await setScene();
    scene.gateway.setTrouble(trouble);
    const lines = await meet(scene.db, scene.gateway.address);
    const expected = { event: "mirror.unsure", unsure: true, waitMs: BACK_OFF_MS };
    const said = error === "UND_ERR_SOCKET" ? socketErrorIn(lines) : error;
    await expectOutcome(scene.db, lines, { level: "warn", error: said, ...expected });
    const { book } = await heal(scene);
    expect(book.named("mirror.read_back").map(({ facts }) => facts)).toEqual([
      { foundCount, missingCount: 3 - foundCount, unreadCount: 0 },
    ]);
  });

  it("not before Langfuse shows what it has, however short the back-off", async () => {
    const scene = await setScene();
    scene.gateway.setTrouble("cut");
    const lines = await meet(scene.db, scene.gateway.address, 0);
    expect(lines.map(({ event, facts }) => [event, facts["delayMs"]])).toEqual([["mirror.unsure", 1]]);
    await expectWaits(scene.db, VISIBILITY_MS);
    await heal(scene);
  });

  it("which is not asked of what was certainly not taken", async () => {
    const scene = await setScene();
    scene.gateway.setTrouble({ status: 500 });
    const lines = await meet(scene.db, scene.gateway.address, 0);
    // Due again at once, it may meet the trouble a second time before the mirror is stopped.
    const said = new Set(lines.map(({ event, facts }) => `${event} ${String(facts["delayMs"])}`));
    expect(said).toEqual(new Set(["mirror.unavailable 1"]));
    await expectWaits(scene.db, 1);
    await heal(scene);
  });
});

/** A closed connection is reported as one or the other, by when it is noticed. */
function socketErrorIn(lines: readonly LogLine[]): string {
  return /UND_ERR_SOCKET|ECONNRESET/.exec(String(lines[0]?.facts["error"]))?.[0] ?? "a socket's error";
}

describe("an answer that speaks of the keys or the address kills no message, and calls for a person", () => {
  const keys = "check that LANGFUSE_PUBLIC_KEY";
  it.each<[string, Trouble, string]>([
    ["401", { status: 401, body: '{"message":"Invalid credentials."}' }, keys],
    ["403", { status: 403 }, keys],
    ["404", { status: 404, body: "<html>", headers: page }, "check LANGFUSE_BASE_URL"],
    ["405", { status: 405 }, "answered 405"],
    ["301", { status: 301, headers: { location: "https://elsewhere.example/" } }, "elsewhere.example"],
    ["302", { status: 302, headers: { location: "/login" } }, "it points to /login"],
    ["307", { status: 307, headers: { location: "https://elsewhere.example/" } }, "elsewhere.example"],
    ["400 from what is no Langfuse", { status: 400, body: "<html>", headers: page }, "check LANGFUSE_BASE_URL"],
  ])("%s", async (status, trouble, error) => {
    const scene = await setScene();
    scene.gateway.setTrouble(trouble);
    const lines = await meet(scene.db, scene.gateway.address);
    const expected = { event: "mirror.refused", error, unsure: false, waitMs: BACK_OFF_MS };
    await expectOutcome(scene.db, lines, { level: "error", ...expected });
    expect(lines[0]?.facts["status"]).toBe(Number.parseInt(status, 10));
    await heal(scene);
  });
});

describe("a batch that is refused for what it says is halved until the message to blame stands alone", () => {
  it.each<[string, Trouble, string]>([
    ["400", { status: 400, body: '{"error":"bad span"}' }, "answered 400: bad span"],
    ["422", { status: 422, body: '{"error":"bad span"}' }, "answered 422: bad span"],
    ["413 from a proxy", { status: 413, body: "<html>", headers: page }, "answered 413"],
  ])("%s", async (_what, trouble, error) => {
    const scene = await setScene(8);
    const bad = scene.suggestions[5];
    scene.gateway.setTrouble(trouble, bad?.traceId);
    const { mirror, book } = mirrorTo(scene.db, scene.gateway.address, { concurrency: 1 });
    await drain(mirror);
    // 8, 4 + 4, 2 + 2, 1 + 1: at once, without a wait, for Langfuse is well.
    expect(scene.gateway.posts).toHaveLength(7);
    const delivered = book.named("mirror.delivered").reduce((sum, { facts }) => sum + Number(facts["count"]), 0);
    expect(delivered).toBe(7);
    expect(book.lines.filter(({ event }) => FAILURES.includes(event))).toEqual([]);
    expect(book.named("mirror.dead").map(({ level, facts }) => [level, facts["ref"], facts["attempts"]])).toEqual([
      ["error", bad?.id, 1],
    ]);
    expect(String(book.named("mirror.dead")[0]?.facts["error"])).toContain(error);
    expect(await readOutbox(scene.db)).toMatchObject([{ ref: bad?.id, isDead: true, unsure: false, attempts: 1 }]);

    await scene.db.query(`update langfuse_outbox set dead_at = null`);
    await heal(scene);
  });
});

describe("age", () => {
  it("is no reason to give a message up: after a year and 10,000 attempts it waits, and is delivered", async () => {
    const scene = await setScene();
    await scene.db.query(`update langfuse_outbox set attempts = 10000, created_at = now() - interval '1 year'`);
    scene.gateway.setTrouble({ status: 500 });
    const lines = await meet(scene.db, scene.gateway.address);
    expect(lines.map(({ event }) => event)).toEqual(["mirror.unavailable"]);
    const waiting = (await readOutbox(scene.db)).map(({ attempts, isDead }) => [attempts, isDead]);
    expect(waiting).toEqual([1, 2, 3].map(() => [10_001, false]));
    await heal(scene);
  });
});
