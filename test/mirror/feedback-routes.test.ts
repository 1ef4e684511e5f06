import { describe, expect, it, onTestFinished } from "vitest";
import { feedbackObservationIdOf } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import type { FeedbackEventRow } from "../../src/store/queries/insert-feedback.ts";
import type { StandInAddress, StandInLangfuse } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { insertFeedbackOn, insertSamples, type Made } from "./rows.ts";
import { drain, mirrorTo, readLedger, readOutbox, readRequest, startStandIn } from "./set-up.ts";
import { expectAllOnce } from "./whole.ts";

const TRACES = "/api/public/otel/v1/traces";
const SCORES = "/api/public/ingestion";

type Scene = {
  readonly db: Database;
  readonly standIn: StandInLangfuse;
  readonly address: StandInAddress;
  readonly suggestions: readonly Made[];
  readonly feedback: readonly FeedbackEventRow[];
};

/** Traces that are in Langfuse, each with a feedback event that is still to come. */
async function withTraces(count: number): Promise<Scene> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const { standIn, address } = await startStandIn();
  const suggestions = await insertSamples(db, count);
  await drain(mirrorTo(db, address).mirror);
  const feedback = await insertFeedbackOn(
    db,
    suggestions.map((s) => s.id),
  );
  return { db, standIn, address, suggestions, feedback };
}

const pathOf = (input: unknown): string => new URL(typeof input === "string" ? input : "").pathname;

/** Notes every POST by its path, and lets the first one to `path` meet what `trouble` makes of it. */
function troubledAt(path: string, trouble: (send: () => Promise<Response>) => Promise<Response>) {
  const posts: { path: string; atMs: number }[] = [];
  const troubled: typeof fetch = (input, init) => {
    if (init?.method !== "POST") return fetch(input, init);
    const posted = pathOf(input);
    const isFirst = posted === path && posts.every((post) => post.path !== path);
    posts.push({ path: posted, atMs: Date.now() });
    return isFirst ? trouble(() => fetch(input, init)) : fetch(input, init);
  };
  return { posts, fetch: troubled, paths: () => posts.map((post) => post.path) };
}

describe("feedback, which goes to Langfuse by two routes", () => {
  it("takes one request for many events' scores and one for their observations", async () => {
    const { db, standIn, address, suggestions, feedback } = await withTraces(60);
    const before = standIn.requests();
    await drain(mirrorTo(db, address, { concurrency: 1 }).mirror);
    const countOf = (path: string) => (standIn.requests()[`POST ${path}`] ?? 0) - (before[`POST ${path}`] ?? 0);
    expect([countOf(SCORES), countOf(TRACES)]).toEqual([1, 1]);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("does not double scores that were stored before the connection broke, and sends the observations then", async () => {
    const { db, standIn, address, suggestions, feedback } = await withTraces(9);
    const { fetch, paths } = troubledAt(SCORES, (send) => {
      standIn.failNext({ closeAfterAccept: true });
      return send();
    });
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1, fetch });
    await drain(mirror);
    expect(book.named("mirror.read_back").map((line) => line.facts)).toEqual([
      { foundCount: 0, missingCount: 9, unreadCount: 0 },
    ]);
    expect(paths()).toEqual([SCORES, TRACES]);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("sends nothing again when the observations were stored before the connection broke", async () => {
    const { db, standIn, address, suggestions, feedback } = await withTraces(9);
    const { fetch, paths } = troubledAt(TRACES, (send) => {
      standIn.failNext({ closeAfterAccept: true });
      return send();
    });
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1, fetch });
    await drain(mirror);
    expect(book.named("mirror.read_back").map((line) => line.facts["foundCount"])).toEqual([9]);
    expect(paths()).toEqual([SCORES, TRACES]);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("keeps the scores and sends only the observations when these were not taken, once the scores can be seen", async () => {
    const { db, standIn, address, suggestions, feedback } = await withTraces(6);
    let ledgerCount = -1;
    let unsure: boolean[] = [];
    const { fetch, posts, paths } = troubledAt(TRACES, async () => {
      ledgerCount = (await readLedger(db)).filter((line) => line.kind === "feedback").length;
      unsure = (await readOutbox(db)).map((line) => line.unsure);
      return new Response("{}", { status: 500 });
    });
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1, fetch, visibilityDelayMs: 300 });
    await drain(mirror);
    expect([ledgerCount, unsure]).toEqual([0, [true, true, true, true, true, true]]);
    expect(paths()).toEqual([SCORES, TRACES, TRACES]);
    expect((posts[2]?.atMs ?? 0) - (posts[1]?.atMs ?? 0)).toBeGreaterThanOrEqual(300);
    expect(book.named("mirror.read_back").map((line) => line.facts["missingCount"])).toEqual([6]);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("opens the circuit wider with every failure of one route, whatever the other answers", async () => {
    const { db, standIn, address, suggestions, feedback } = await withTraces(8);
    let failureCount = 0;
    const troubled: typeof globalThis.fetch = (input, init) => {
      if (init?.method !== "POST" || pathOf(input) !== TRACES || failureCount === 4) return fetch(input, init);
      failureCount += 1;
      return Promise.resolve(new Response("{}", { status: 500 }));
    };
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1, batchSize: 2, fetch: troubled, random: () => 1 });
    await drain(mirror);
    expect(book.named("mirror.unavailable").map((line) => line.facts["failureCount"])).toEqual([1, 2, 3, 4]);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("buries the one event whose observation is refused, and a retry sends only that", async () => {
    const { db, standIn, address, suggestions, feedback } = await withTraces(5);
    const bad = feedback[3];
    const badSpanId = feedbackObservationIdOf(bad?.id ?? "");
    const refusing: typeof globalThis.fetch = async (input, init) => {
      if (init?.method !== "POST" || pathOf(input) !== TRACES) return fetch(input, init);
      const { body, withBody } = await readRequest(init);
      const isBad = body.includes(badSpanId);
      return isBad ? new Response('{"message":"bad span"}', { status: 400 }) : fetch(input, withBody(body));
    };
    await drain(mirrorTo(db, address, { fetch: refusing }).mirror);
    const outbox = await readOutbox(db);
    expect(outbox.map((line) => [line.ref, line.isDead, line.unsure])).toEqual([[bad?.id, true, true]]);
    expect(outbox[0]?.lastError).toContain("bad span");
    expect((await readLedger(db)).filter((line) => line.kind === "feedback")).toHaveLength(4);

    await db.query(`update langfuse_outbox set dead_at = null`);
    const { fetch: noting, paths } = troubledAt("", (send) => send());
    await drain(mirrorTo(db, address, { fetch: noting }).mirror);
    expect(paths()).toEqual([TRACES]);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("is looked up by the next worker when the first stopped between the two requests", async () => {
    const { db, standIn, address, suggestions, feedback } = await withTraces(4);
    const stopping: { promise?: Promise<void> } = {};
    const { fetch, paths } = troubledAt(SCORES, async (send) => {
      const answer = await send();
      stopping.promise = first.mirror.stop();
      return answer;
    });
    const first = mirrorTo(db, address, { concurrency: 1, fetch });
    await first.mirror.drain();
    await stopping.promise;
    expect(paths()).toEqual([SCORES]);
    expect((await readOutbox(db)).map((line) => [line.attempts, line.unsure, line.isLocked])).toEqual(
      feedback.map(() => [0, true, false]),
    );
    const next = mirrorTo(db, address);
    await drain(next.mirror);
    expect(next.book.named("mirror.read_back").map((line) => line.facts["missingCount"])).toEqual([4]);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });
});
