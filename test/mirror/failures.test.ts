import { describe, expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { insertFeedbackOn, insertSamples } from "./rows.ts";
import { drain, mirrorTo, readLedger, readOutbox, readRequest, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";
import { expectAllOnce } from "./whole.ts";

const TRACES = "POST /api/public/otel/v1/traces";

async function openDatabase(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

describe("the mirror in trouble", () => {
  it("keeps everything through a time of 500s, probes with small batches, and delivers afterwards", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    standIn.setFailure({ status: 500 });
    const suggestions = await insertSamples(db, 300);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.slice(0, 30).map((s) => s.id),
    );
    const { mirror, book } = mirrorTo(db, address, { random: () => 1, batchSize: 100 });
    mirror.start();
    await until("it has failed five times", () => book.named("mirror.unavailable").length >= 5);
    const failed = await readOutbox(db);
    const requestCount = standIn.requests()[TRACES] ?? 0;
    const attemptCount = failed.reduce((sum, line) => sum + line.attempts, 0);
    expect(failed.filter((line) => line.isDead)).toEqual([]);
    expect(failed).toHaveLength(330);
    expect(failed.find((line) => line.lastError !== null)?.lastError).toContain("answered 500");
    // Two lanes with a whole batch each, then one probe of ten at a time; the last ones may be under way.
    expect(attemptCount).toBeLessThanOrEqual(200 + 10 * (requestCount - 1));
    const delays = book.named("mirror.unavailable").map((line) => Number(line.facts["delayMs"]));
    expect(delays.slice(-3).every((ms, i, all) => i === 0 || ms >= (all[i - 1] ?? 0))).toBe(true);

    standIn.setFailure(null);
    await drain(mirror);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("waits as long as a 429 asks", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    standIn.failNext({ status: 429, retryAfter: 1 });
    const suggestions = await insertSamples(db, 5);
    const times: number[] = [];
    const timed: typeof fetch = (input, init) => {
      times.push(Date.now());
      return fetch(input, init);
    };
    const { mirror } = mirrorTo(db, address, { fetch: timed });
    await drain(mirror);
    expect(times).toHaveLength(2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1000);
    await expectAllOnce({ db, standIn }, suggestions, []);
  });

  it("waits for a Langfuse that is not there yet", async () => {
    const db = await openDatabase();
    const before = createStandInLangfuse();
    const address = await before.start();
    await before.close();
    const suggestions = await insertSamples(db, 5);
    const { mirror, book } = mirrorTo(db, address);
    mirror.start();
    await until("it was refused twice", () => book.named("mirror.unavailable").length >= 2);
    expect((await readOutbox(db)).every((line) => !line.isDead)).toBe(true);

    const standIn = createStandInLangfuse({ port: Number(new URL(address.baseUrl).port) });
    onTestFinished(() => standIn.close());
    await standIn.start();
    await drain(mirror);
    await expectAllOnce({ db, standIn }, suggestions, []);
  });

  it("reads back after no answer, and sends again what never arrived", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    standIn.failNext({ hang: true });
    const suggestions = await insertSamples(db, 5);
    const { mirror, book } = mirrorTo(db, address, { timeoutMs: 300, visibilityDelayMs: 400, concurrency: 1 });
    mirror.start();
    await until("it is unsure", () => book.named("mirror.unsure").length === 1);
    await until("the doubt is written down", async () => (await readOutbox(db)).every((line) => !line.isLocked));
    expect((await readOutbox(db)).map((line) => line.unsure)).toEqual([true, true, true, true, true]);
    await drain(mirror);
    expect(book.named("mirror.read_back")[0]?.facts).toEqual({ foundCount: 0, missingCount: 5, unreadCount: 0 });
    await expectAllOnce({ db, standIn }, suggestions, []);
  });

  it("does not double what was stored before the connection broke", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 12);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.map((s) => s.id),
    );
    const { mirror, book } = mirrorTo(db, address, { concurrency: 1 });
    standIn.failNext({ closeAfterAccept: true });
    const broken = until("the traces are in doubt", () => book.named("mirror.unsure").length === 1).then(() =>
      standIn.failNext({ closeAfterAccept: true }),
    );
    await drain(mirror);
    await broken;
    const found = book.named("mirror.read_back").reduce((sum, line) => sum + Number(line.facts["foundCount"]), 0);
    expect(found).toBeGreaterThanOrEqual(12);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("sends only what is missing of a trace that is partly there, also when that fails at first", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 1);
    let postCount = 0;
    const troubled: typeof fetch = async (input, init) => {
      if (init?.method !== "POST") return fetch(input, init);
      postCount += 1;
      return postCount === 2 ? new Response("{}", { status: 500 }) : fetch(input, init);
    };
    const { mirror } = mirrorTo(db, address, { fetch: troubled });
    const wholeRun = await db.query<{ observations: unknown[] }>(`select observations from ai_traces`);
    await db.query(`update ai_traces set observations = jsonb_build_array(observations -> 0)`);
    await drain(mirror);
    await db.query(`delete from langfuse_deliveries`);
    await db.query(`update ai_traces set observations = $1`, [JSON.stringify(wholeRun[0]?.observations)]);
    await db.query(`insert into langfuse_outbox (kind, ref, unsure) values ('trace', $1, true)`, [suggestions[0]?.id]);
    await drain(mirror);
    expect(postCount).toBe(3);
    await expectAllOnce({ db, standIn }, suggestions, []);
  });

  it("finds the one bad message of fifty, and delivers the other forty-nine", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 50);
    const bad = suggestions[23];
    standIn.setFailure({ refuseSpans: { traceId: bad?.traceId ?? "" } });
    const { mirror, book } = mirrorTo(db, address);
    await drain(mirror);
    const outbox = await readOutbox(db);
    expect(outbox.map((line) => [line.ref, line.isDead, line.isLocked, line.unsure])).toEqual([
      [bad?.id, true, false, false],
    ]);
    expect(outbox[0]?.lastError).toContain("The entire export was rejected");
    expect(book.named("mirror.dead").map((line) => line.facts["ref"])).toEqual([bad?.id]);
    expect(await mirror.status()).toMatchObject({ waiting: 0, dead: 1, deliveredTraces: 49 });
    await db.query(`delete from langfuse_outbox where dead_at is not null`);
    const others = suggestions.filter((s) => s !== bad);
    await expectAllOnce({ db, standIn }, others, []);
  });

  it("keeps a message that cannot be mapped from holding up the others", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const [bad, ...others] = await insertSamples(db, 5);
    await db.query(`update ai_traces set observations = '[null]' where trace_id = $1`, [bad?.traceId]);
    await drain(mirrorTo(db, address).mirror);
    const outbox = await readOutbox(db);
    expect(outbox.map((line) => [line.ref, line.isDead])).toEqual([[bad?.id, true]]);
    expect(outbox[0]?.lastError).toContain("cannot be mapped");
    await db.query(`delete from langfuse_outbox`);
    await expectAllOnce({ db, standIn }, others, []);
  });

  it("buries a feedback event one of whose scores is refused, and a retry sends only that score", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 3);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.map((s) => s.id),
    );
    const bad = feedback[1];
    const spoiling: typeof fetch = async (input, init) => {
      if (typeof input !== "string" || !input.endsWith("/ingestion")) return fetch(input, init);
      const { body, withBody } = await readRequest(init);
      const sent = JSON.parse(body.toString()) as { batch: { body: { name: string; value: unknown } }[] };
      for (const event of sent.batch) if (event.body.name === "output") event.body.value = 7;
      return fetch(input, withBody(JSON.stringify(sent)));
    };
    await drain(mirrorTo(db, address, { fetch: spoiling }).mirror);
    const outbox = await readOutbox(db);
    expect(outbox.map((line) => [line.ref, line.isDead, line.unsure])).toEqual([[bad?.id, true, true]]);
    expect(outbox[0]?.lastError).toContain("400");
    expect((await readLedger(db)).filter((line) => line.kind === "feedback")).toHaveLength(2);

    await db.query(`update langfuse_outbox set dead_at = null`);
    await drain(mirrorTo(db, address).mirror);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("gives nothing up when what answers 400 is no Langfuse", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 3);
    let answeredCount = 0;
    // As nginx does for plain HTTP on its HTTPS port.
    const page = "<html><h1>400 The plain HTTP request was sent to HTTPS port</h1></html>";
    const elsewhere: typeof fetch = (input, init) => {
      answeredCount += 1;
      return answeredCount > 3 ? fetch(input, init) : Promise.resolve(new Response(page, { status: 400 }));
    };
    const { mirror, book } = mirrorTo(db, address, { fetch: elsewhere });
    await drain(mirror);
    expect(book.named("mirror.dead")).toEqual([]);
    expect(String(book.named("mirror.refused")[0]?.facts["error"])).toContain("check LANGFUSE_BASE_URL");
    await expectAllOnce({ db, standIn }, suggestions, []);
  });

  it("gives nothing up for wrong keys, says what to do, and goes on with the right ones", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 8);
    const feedback = await insertFeedbackOn(db, [suggestions[0]?.id ?? ""]);
    const { mirror, book } = mirrorTo(db, { ...address, secretKey: "sk-lf-wrong" });
    mirror.start();
    await until("it was refused three times", () => book.named("mirror.refused").length >= 3);
    await mirror.stop();
    expect(book.named("mirror.refused")[0]).toMatchObject({ level: "error", facts: { status: 401 } });
    expect(book.named("mirror.refused")[0]?.facts["error"]).toContain("LANGFUSE_SECRET_KEY");
    expect((await readOutbox(db)).map((line) => [line.isDead, line.unsure, line.isLocked])).toEqual(
      Array.from({ length: 9 }, () => [false, false, false]),
    );
    await db.query(`update langfuse_outbox set available_at = now()`);
    await drain(mirrorTo(db, address).mirror);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });
});
