import { describe, expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import type { LangfuseDialect } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { insertFeedbackOn, insertSamples } from "./rows.ts";
import { drain, mirrorTo, readLedger, readOutbox, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";
import { expectAllOnce } from "./whole.ts";

async function openDatabase(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

describe.each<LangfuseDialect>(["v4", "v3"])("the mirror and a Langfuse of dialect %s", (dialect) => {
  it("delivers everything once", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn({ dialect });
    const suggestions = await insertSamples(db, 40);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.map((s) => s.id),
    );
    await drain(mirrorTo(db, address).mirror);
    expect(standIn.currentObservations()).toHaveLength(120 + feedback.length);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("does not double what was stored before the connection broke, although it shows late", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn({ dialect, visibleAfterMs: 200 });
    const suggestions = await insertSamples(db, 9);
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1, visibilityDelayMs: 600 });
    standIn.failNext({ closeAfterAccept: true });
    await drain(mirror);
    expect(book.named("mirror.read_back").map((line) => line.facts)).toEqual([
      { foundCount: 9, missingCount: 0, unreadCount: 0 },
    ]);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.map((s) => s.id),
    );
    standIn.failNext({ closeAfterAccept: true });
    await drain(mirror);
    // The scores were stored; the events that follow them had not been sent, so that part is missing.
    expect(book.named("mirror.read_back").map((line) => line.facts["missingCount"])).toEqual([0, 9]);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("sends again what hung and never arrived", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn({ dialect });
    standIn.failNext({ hang: true });
    const suggestions = await insertSamples(db, 5);
    const { mirror, book } = mirrorTo(db, address, { timeoutMs: 300, concurrency: 1 });
    await drain(mirror);
    expect(book.named("mirror.read_back")[0]?.facts).toEqual({ foundCount: 0, missingCount: 5, unreadCount: 0 });
    await expectAllOnce({ db, standIn }, suggestions, []);
  });

  it("buries feedback of which a score is refused, with the reason, and delivers the rest", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn({ dialect });
    const suggestions = await insertSamples(db, 6);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.map((s) => s.id),
    );
    standIn.setFailure({ refuseScores: { name: "kept-ratio" } });
    const { mirror, book } = mirrorTo(db, address);
    await drain(mirror);
    const refused = feedback.filter(({ type }) => type === "revision").map(({ id }) => id);
    expect(book.named("mirror.dead").map((line) => line.facts["ref"])).toEqual(refused);
    expect((await readOutbox(db)).map((line) => [line.ref, line.isDead, line.lastError])).toEqual(
      refused.map((ref) => [ref, true, "400: the stand-in was told to refuse this score"]),
    );

    standIn.setFailure(null);
    await db.query(`update langfuse_outbox set dead_at = null`);
    await drain(mirror);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("reads back after a failure in the middle of a batch, and sends only the scores that are missing", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn({ dialect });
    const suggestions = await insertSamples(db, 6);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.map((s) => s.id),
    );
    standIn.failNext({ refuseScores: { every: 5 }, status: 500 });
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1 });
    await drain(mirror);
    expect(book.named("mirror.unsure")[0]?.facts["error"]).toContain("500: the stand-in was told");
    expect(book.named("mirror.read_back")[0]?.facts["missingCount"]).toBeGreaterThan(0);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("cannot know of a score that Langfuse drops after accepting it; the ledger names what to look for", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn({ dialect });
    const suggestions = await insertSamples(db, 3);
    await insertFeedbackOn(
      db,
      suggestions.map((s) => s.id),
    );
    standIn.setFailure({ dropScores: { name: "accepted" } });
    await drain(mirrorTo(db, address).mirror);
    expect(await readOutbox(db)).toEqual([]);
    const there = new Set([...standIn.currentScores(), ...standIn.currentObservations()].map(({ id }) => id));
    const ledger = (await readLedger(db)).filter(({ kind }) => kind === "feedback");
    expect(ledger.map(({ langfuseIds }) => langfuseIds.filter((id) => !there.has(id)).length)).toEqual([1, 1, 1]);
  });
});

describe("a Langfuse that shows what it accepted later than the mirror waits", () => {
  it.each<[LangfuseDialect, number]>([
    ["v4", 6],
    ["v3", 3],
  ])("shows in dialect %s %d rows for the three of one trace", async (dialect, rowCount) => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn({ dialect, visibleAfterMs: 1500 });
    await insertSamples(db, 1);
    standIn.failNext({ closeAfterAccept: true });
    await drain(mirrorTo(db, address, { concurrency: 1, visibilityDelayMs: 100 }).mirror);
    expect(standIn.duplicates().observations.map(({ count }) => count)).toEqual([2, 2, 2]);
    await until("all of it is shown", () => standIn.currentObservations().length === rowCount);
  });
});

describe("a Langfuse that is upgraded while messages are in doubt", () => {
  it("is read by its new dialect, and nothing is doubled", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn({ dialect: "v4" });
    let isUpgraded = false;
    // Before the upgrade reads are answered as Langfuse 3 does, with nothing of it visible yet.
    const before: typeof fetch = (input, init) => {
      const url = new URL(typeof input === "string" || input instanceof URL ? input : input.url);
      if (isUpgraded || init?.method === "POST" || !url.pathname.endsWith("/observations")) return fetch(input, init);
      isUpgraded = url.searchParams.get("page") !== null;
      const answer = isUpgraded ? { message: "upgrading" } : { data: [], meta: { totalPages: 0 } };
      return Promise.resolve(new Response(JSON.stringify(answer), { status: isUpgraded ? 503 : 200 }));
    };
    const suggestions = await insertSamples(db, 3);
    standIn.failNext({ closeAfterAccept: true });
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1, fetch: before });
    await drain(mirror);
    expect(isUpgraded).toBe(true);
    expect(book.named("mirror.read_back").at(-1)?.facts["missingCount"]).toBe(0);
    await expectAllOnce({ db, standIn }, suggestions, []);
  });
});

describe("a read that something else than Langfuse answers", () => {
  it("calls for a person, leaves the messages in doubt, and is made again", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    let isLogin = true;
    const login: typeof fetch = (input, init) =>
      isLogin && init?.method === undefined
        ? Promise.resolve(new Response("<html>Sign in</html>"))
        : fetch(input, init);
    const suggestions = await insertSamples(db, 2);
    standIn.failNext({ closeAfterAccept: true });
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1, fetch: login });
    const drained = drain(mirror);
    await until("it is refused", () => book.named("mirror.refused").length > 0);
    expect(book.named("mirror.refused")[0]?.facts["error"]).toContain("check that LANGFUSE_BASE_URL is a Langfuse");
    expect(standIn.observations()).toHaveLength(6);
    isLogin = false;
    await drained;
    expect(book.named("mirror.dead")).toEqual([]);
    await expectAllOnce({ db, standIn }, suggestions, []);
  });
});
