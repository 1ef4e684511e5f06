import { describe, expect, it, onTestFinished } from "vitest";
import { takeClaim } from "../../src/mirror/claim.ts";
import type { Database } from "../../src/store/database.ts";
import { claimMessages } from "../../src/store/queries/claim-messages.ts";
import { settleDead } from "../../src/store/queries/settle-dead.ts";
import { settleDelivered } from "../../src/store/queries/settle-delivered.ts";
import { settleGone } from "../../src/store/queries/settle-gone.ts";
import { settlePostponed } from "../../src/store/queries/settle-postponed.ts";
import { openTestPostgres } from "../support/databases.ts";
import { insertFeedbackOn, insertSamples } from "./rows.ts";
import { drain, mirrorTo, readLedger, readOutbox, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";
import { expectAllOnce } from "./whole.ts";

const [A, B] = ["aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"];

async function openDatabase(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

const endLeases = (db: Database): Promise<unknown> =>
  db.query(`update langfuse_outbox set locked_until = now() - interval '1 ms' where locked_until is not null`);

describe("claims", () => {
  it("give a message to one worker at a time, and say when its last holder never settled it", async () => {
    const db = await openDatabase();
    await insertSamples(db, 3);
    const first = await claimMessages(db, { limit: 2, leaseMs: 60_000, token: A });
    const second = await claimMessages(db, { limit: 5, leaseMs: 60_000, token: B });
    expect(first.map((m) => [m.attempts, m.wasUnsure])).toEqual([
      [1, false],
      [1, false],
    ]);
    expect(second.map((m) => [m.attempts, m.wasUnsure])).toEqual([[1, false]]);
    expect(new Set([...first, ...second].map((m) => m.id)).size).toBe(3);

    await endLeases(db);
    const third = await claimMessages(db, { limit: 5, leaseMs: 60_000, token: B });
    expect(third.map((m) => [m.attempts, m.wasUnsure])).toEqual([
      [2, true],
      [2, true],
      [2, true],
    ]);
  });

  it("settle nothing after another worker took over", async () => {
    const db = await openDatabase();
    await insertSamples(db, 1);
    const [message] = await claimMessages(db, { limit: 1, leaseMs: 60_000, token: A });
    await endLeases(db);
    await claimMessages(db, { limit: 1, leaseMs: 60_000, token: B });
    const before = await db.query(`select * from langfuse_outbox`);
    const id = message?.id ?? 0;

    expect(await settleDelivered(db, A, [{ id, traceId: "t", langfuseIds: ["x"] }])).toEqual(new Map());
    await settlePostponed(db, A, { messages: [{ id, unsure: false }], delayMs: 1000, error: "late", counted: true });
    await settleDead(db, A, [{ id, unsure: false, error: "late" }]);
    await settleGone(db, A, [id]);
    expect(await db.query(`select * from langfuse_outbox`)).toEqual(before);
    expect(await readLedger(db)).toEqual([]);

    const settled = await settleDelivered(db, B, [{ id, traceId: "t", langfuseIds: ["x"] }]);
    expect([...settled.keys()]).toEqual([id]);
    expect(await readLedger(db)).toHaveLength(1);
  });

  it("are renewed when a sixth of the lease is used up, and send nothing that was lost meanwhile", async () => {
    const db = await openDatabase();
    await insertSamples(db, 2);
    const clock = { ms: 0 };
    const claim = await takeClaim(db, 2, { leaseMs: 30_000, now: () => clock.ms });
    const [kept, lost] = claim.messages;
    if (kept === undefined || lost === undefined) throw new Error("two messages are claimed");
    const heldAt = async (ms: number): Promise<boolean[]> => {
      clock.ms = ms;
      const isOurs = await claim.hold();
      return [isOurs(kept), isOurs(lost)];
    };
    await db.query(`update langfuse_outbox set locked_by = $1 where id = $2`, [B, lost.id]);
    expect(await heldAt(4_999)).toEqual([true, true]);
    expect(await heldAt(5_000)).toEqual([true, false]);
    clock.ms += 9_999;
    expect(claim.isFresh()).toBe(true);
    clock.ms += 1;
    expect(claim.isFresh()).toBe(false);
  });

  it("send nothing when the renewal itself took too long", async () => {
    const db = await openDatabase();
    await insertSamples(db, 1);
    let ms = 0;
    const slowly: Database = {
      ...db,
      query: async (text, values) => {
        const rows = await db.query(text, values);
        ms += 11_000;
        return rows as never;
      },
    };
    const claim = await takeClaim(slowly, 1, { leaseMs: 30_000, now: () => ms });
    const isOurs = await claim.hold();
    expect(claim.messages.map(isOurs)).toEqual([false]);
  });
});

describe("workers", () => {
  it("share one database without doubling anything", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const one = mirrorTo(db, address, { batchSize: 7 });
    const two = mirrorTo(db, address, { batchSize: 11 });
    one.mirror.start();
    two.mirror.start();
    const suggestions = await insertSamples(db, 300);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.slice(100, 250).map((s) => s.id),
    );
    await drain(one.mirror);
    await drain(two.mirror);
    const shares = [one, two].map(({ book }) => book.named("mirror.delivered").length);
    expect(Math.min(...shares)).toBeGreaterThan(3);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("finish what is under way when stopped, and give back the rest as it was", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 4);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.map((s) => s.id),
    );
    let letGo = (): void => {};
    let isHeld = false;
    const holding: typeof fetch = async (input, init) => {
      isHeld = true;
      await new Promise<void>((resolve) => (letGo = resolve));
      return fetch(input, init);
    };
    const { mirror } = mirrorTo(db, address, { fetch: holding, concurrency: 1 });
    mirror.start();
    await until("the traces are under way", () => isHeld);
    const stopped = mirror.stop();
    letGo();
    await stopped;
    expect((await readLedger(db)).map((line) => line.kind)).toEqual(["trace", "trace", "trace", "trace"]);
    const rest = { kind: "feedback", attempts: 0, unsure: false, isLocked: false, isDead: false, lastError: null };
    expect(await readOutbox(db)).toEqual(feedback.map(({ id }) => ({ ...rest, ref: id })));

    await drain(mirrorTo(db, address).mirror);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
  });

  it("give a hanging request up when stopped, leave it as unsure, and the next worker reads back", async () => {
    const db = await openDatabase();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 2);
    standIn.failNext({ hang: true });
    const { mirror, book } = mirrorTo(db, address, { stopDeadlineMs: 50, timeoutMs: 60_000, concurrency: 1 });
    mirror.start();
    await until("the request hangs", () => standIn.requests()["POST /api/public/otel/v1/traces"] === 1);
    await mirror.stop();
    expect(book.named("mirror.unsure").map((line) => String(line.facts["error"]).split(": ").at(-1))).toEqual([
      "given up, as the mirror stops",
    ]);
    // Settled, so nobody has to wait until the lease is over.
    expect((await readOutbox(db)).map((line) => [line.unsure, line.isLocked])).toEqual([
      [true, false],
      [true, false],
    ]);
    const next = mirrorTo(db, address);
    await drain(next.mirror);
    // Both, in one claim or in two.
    const readBack = next.book
      .named("mirror.read_back")
      .map(({ facts }) => [facts["foundCount"], facts["missingCount"]]);
    expect(readBack.flat().reduce((sum: number, count) => sum + Number(count), 0)).toBe(2);
    await expectAllOnce({ db, standIn }, suggestions, []);
  });
});

describe("reading back", () => {
  it("keeps the lease while it takes longer than that, so that nobody begins it again", async () => {
    const db = await openDatabase();
    const made = await insertSamples(db, 24);
    await db.query("update langfuse_outbox set unsure = true");
    const { standIn, address } = await startStandIn();
    const leaseMs = 2000;
    // Four at once, so all of them take one and a half leases.
    const slowly: typeof fetch = async (url, init) => {
      if (init?.method !== "POST") await new Promise((resolve) => setTimeout(resolve, leaseMs / 4));
      return fetch(url, init);
    };
    const { mirror, book } = mirrorTo(db, address, { fetch: slowly, leaseMs });
    await drain(mirror);
    expect(book.named("mirror.lease_lost")).toEqual([]);
    expect(await db.query("select distinct attempts from langfuse_deliveries")).toEqual([{ attempts: 1 }]);
    await expectAllOnce({ db, standIn }, made, []);
  });
});
