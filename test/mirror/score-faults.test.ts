import { describe, expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import type { FeedbackEventRow } from "../../src/store/queries/insert-feedback.ts";
import type { Failure, StandInLangfuse } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { insertFeedbackOn, insertSamples, type Made } from "./rows.ts";
import { drain, type LogLine, mirrorTo, readOutbox, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";
import { expectAllOnce } from "./whole.ts";

// What a 207 can say of the scores of three feedback events (an approval, a revision, a rejection), each by itself: what
// becomes of the events, how long they wait, and what the log says. The mirror's clock stands still, as in faults.test.ts.

const NOW = Date.parse("2026-03-02T10:00:00.000Z");
const BACK_OFF_MS = 300_000;
const FAILURES = ["mirror.unavailable", "mirror.unsure", "mirror.refused"];

type Scene = {
  readonly db: Database;
  readonly standIn: StandInLangfuse;
  readonly gateway: Gateway;
  readonly suggestions: readonly Made[];
  readonly feedback: readonly FeedbackEventRow[];
};

/** The traces are in Langfuse, the feedback is to come. */
async function setScene(): Promise<Scene> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const { standIn, address } = await startStandIn();
  const suggestions = await insertSamples(db, 3);
  await drain(mirrorTo(db, address).mirror);
  const feedback = await insertFeedbackOn(
    db,
    suggestions.map(({ id }) => id),
  );
  return { db, standIn, gateway: await startGateway(address), suggestions, feedback };
}

/** Lets a mirror meet the trouble once. */
async function meet({ db, gateway }: Scene): Promise<readonly LogLine[]> {
  const { mirror, book } = mirrorTo(db, gateway.address, {
    now: () => NOW,
    random: () => 0.5,
    backOff: { baseMs: 2 * BACK_OFF_MS, capMs: 3_600_000 },
    visibilityDelayMs: 15_000,
    concurrency: 1,
  });
  mirror.start();
  const ends = [...FAILURES, "mirror.dead", "mirror.delivered"];
  await until("the answer has come", () => book.lines.some(({ event }) => ends.includes(event)));
  await mirror.stop();
  return book.lines;
}

const eventsOf = (lines: readonly LogLine[]): string[] => lines.map(({ level, event }) => `${level} ${event}`);

/** Everything is well again: what was in doubt is looked up, and only what is missing is sent. */
async function heal({ db, standIn, gateway, suggestions, feedback }: Scene): Promise<ReturnType<typeof mirrorTo>> {
  standIn.setFailure(null);
  gateway.setTrouble(null);
  await db.query(`update langfuse_outbox set available_at = now(), dead_at = null`);
  const healed = mirrorTo(db, gateway.address);
  await drain(healed.mirror);
  await expectAllOnce({ db, standIn }, suggestions, feedback);
  return healed;
}

/** All three wait, for the whole back-off, and nothing of them has gone the second way. */
async function expectWaiting(scene: Scene, unsure: boolean): Promise<void> {
  const line = { kind: "feedback", attempts: 1, unsure, isLocked: false, isDead: false };
  expect(await readOutbox(scene.db)).toMatchObject([line, line, line]);
  const waits = await scene.db.query<{ ms: number }>(
    `select (extract(epoch from available_at - now()) * 1000)::double precision as ms from langfuse_outbox`,
  );
  for (const { ms } of waits) expect(BACK_OFF_MS - ms).toBeLessThan(10_000);
  expect(scene.gateway.posts).toEqual(["/api/public/ingestion"]);
}

describe("a 207", () => {
  it("that refuses one score buries its event, at once and with the reason, and delivers the others", async () => {
    const scene = await setScene();
    scene.standIn.setFailure({ refuseScores: { name: "kept-ratio" }, status: 422 });
    const lines = await meet(scene);
    const bad = scene.feedback[1];
    expect(eventsOf(lines)).toEqual(["error mirror.dead", "info mirror.delivered"]);
    expect(lines[0]?.facts).toMatchObject({ kind: "feedback", ref: bad?.id, attempts: 1 });
    expect(String(lines[0]?.facts["error"])).toContain("422: the stand-in was told");
    expect(lines[1]?.facts).toEqual({ kind: "feedback", count: 2 });
    expect(await readOutbox(scene.db)).toMatchObject([{ ref: bad?.id, isDead: true, unsure: true }]);
    const { book } = await heal(scene);
    expect(book.named("mirror.read_back").map(({ facts }) => facts["missingCount"])).toEqual([1]);
  });

  it.each<[string, Failure]>([
    ["fails on one score with 500", { refuseScores: { name: "kept-ratio" }, status: 500 }],
    ["puts one score off with 429", { refuseScores: { name: "kept-ratio" }, status: 429 }],
  ])("that %s leaves all of its events in doubt, for others of it are stored", async (_what, failure) => {
    const scene = await setScene();
    scene.standIn.setFailure(failure);
    const lines = await meet(scene);
    expect(eventsOf(lines)).toEqual(["warn mirror.unsure"]);
    expect(lines[0]?.facts).toMatchObject({ delayMs: BACK_OFF_MS, failureCount: 1 });
    await expectWaiting(scene, true);
    const { book } = await heal(scene);
    // The scores of the others are there; the observations of all three are not.
    expect(book.named("mirror.read_back").map(({ facts }) => facts["missingCount"])).toEqual([3]);
  });

  it("that does not mention one score leaves all of its events in doubt", async () => {
    const scene = await setScene();
    scene.gateway.setTrouble({
      changeAnswer(body) {
        const answer = JSON.parse(body) as { successes: unknown[]; errors: unknown[] };
        return JSON.stringify({ ...answer, successes: answer.successes.slice(1) });
      },
    });
    const lines = await meet(scene);
    expect(eventsOf(lines)).toEqual(["warn mirror.unsure"]);
    expect(lines[0]?.facts).toMatchObject({ delayMs: BACK_OFF_MS, failureCount: 1 });
    expect(String(lines[0]?.facts["error"])).toContain("did not say what became of event");
    await expectWaiting(scene, true);
    await heal(scene);
  });

  it.each([500, 429])("that stored nothing (%d for each) makes its events wait, without a doubt", async (status) => {
    const scene = await setScene();
    scene.standIn.setFailure({ refuseScores: { every: 1 }, status });
    const lines = await meet(scene);
    expect(eventsOf(lines)).toEqual(["warn mirror.unavailable"]);
    expect(lines[0]?.facts).toMatchObject({ delayMs: BACK_OFF_MS, failureCount: 1 });
    await expectWaiting(scene, false);
    const { book } = await heal(scene);
    expect(book.named("mirror.read_back")).toEqual([]);
  });

  it("that hides a dropped score is taken for what it says: delivered, and nothing is tried again", async () => {
    const scene = await setScene();
    scene.standIn.setFailure({ dropScores: { name: "accepted" } });
    const lines = await meet(scene);
    expect(eventsOf(lines)).toEqual(["info mirror.delivered"]);
    expect(lines[0]?.facts).toEqual({ kind: "feedback", count: 3 });
    expect(await readOutbox(scene.db)).toEqual([]);
    await drain(mirrorTo(scene.db, scene.gateway.address).mirror);
    expect(scene.gateway.posts).toEqual(["/api/public/ingestion", "/api/public/otel/v1/traces"]);
    expect(scene.standIn.scores().filter(({ name }) => name === "accepted")).toEqual([]);
  });
});
