import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { createEraser } from "../../src/mirror/eraser.ts";
import type { Database } from "../../src/store/database.ts";
import { eraseRows } from "../../src/store/erasure/erase-rows.ts";
import { noteErasure, readErasure } from "../../src/store/queries/erasures.ts";
import { openTestPostgres } from "../support/databases.ts";
import { insertFeedbackOn, insertSamples, type Made } from "./rows.ts";
import { createLogBook, drain, mirrorTo, readLedger, readOutbox, startStandIn } from "./set-up.ts";

const signal = new AbortController().signal;
const HOUR_MS = 3_600_000;

async function open(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  return db;
}

/** Erases the ticket of the first sample. */
async function eraseFirst(db: Database): Promise<string> {
  const { id } = await eraseRows(db, {
    kind: "ticket",
    id: "T-0",
    projectId: "default",
    requestedBy: "a test",
    signal,
  });
  await noteErasure(db, id, "spool", { state: "done", note: "none" });
  return id;
}

function eraserTo(db: Database, address: Parameters<typeof mirrorTo>[1] | null, send = fetch) {
  const book = createLogBook();
  const clock = { nowMs: Date.now() };
  const langfuse = address === null ? null : createLangfuseClient({ ...address, fetch: send, timeoutMs: 5000 });
  return { book, clock, eraser: createEraser({ db, langfuse, log: book.log, now: () => clock.nowMs, everyMs: 20 }) };
}

type StandIn = Awaited<ReturnType<typeof startStandIn>>["standIn"];
const shown = (standIn: StandIn, { traceId }: Made): number =>
  standIn.currentObservations().filter((row) => row.traceId === traceId).length +
  standIn.currentScores().filter((row) => row.traceId === traceId).length;

describe.each(["v4", "v3"] as const)("erasing from a Langfuse of dialect %s", (dialect) => {
  it("deletes the traces with their scores, and is done once nothing can be on its way any more", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn({ dialect });
    const [erased, other] = await insertSamples(db, 2);
    if (erased === undefined || other === undefined) throw new Error("two samples were made");
    await insertFeedbackOn(db, [erased.id, other.id]);
    const { mirror } = mirrorTo(db, address);
    await drain(mirror);
    const before = shown(standIn, other);
    expect(shown(standIn, erased)).toBeGreaterThan(3);

    const id = await eraseFirst(db);
    const { eraser, clock, book } = eraserTo(db, address);
    expect(await eraser.look(id)).toMatchObject({
      state: "pending",
      note: expect.stringContaining("in 15 min") as unknown,
    });
    expect(shown(standIn, erased)).toBe(0);
    clock.nowMs += HOUR_MS;
    expect(await eraser.look(id)).toMatchObject({ state: "done" });
    expect(await readErasure(db, id)).toMatchObject({ state: "done", finishedAt: expect.any(Date) as unknown });
    expect(book.named("erasure.done")).toHaveLength(1);
    expect(shown(standIn, other)).toBe(before);
    expect((await readLedger(db)).map(({ ref }) => ref)).not.toContain(erased.id);

    await db.query("insert into langfuse_outbox (kind, ref) values ('trace', $1)", [erased.id]);
    await drain(mirror);
    expect(shown(standIn, erased)).toBe(0);
  });
});

describe("an erasure while the mirror works", () => {
  it("lets what is in a worker's hands arrive, and deletes it then", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const [erased] = await insertSamples(db, 1);
    if (erased === undefined) throw new Error("a sample was made");
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    let sending = false;
    const held: typeof fetch = async (url, init) => {
      if (JSON.stringify(url).includes("otel")) {
        sending = true;
        await gate;
      }
      return fetch(url, init);
    };
    const { mirror } = mirrorTo(db, address, { fetch: held, timeoutMs: 30_000 });
    mirror.start();
    await expect.poll(() => sending).toBe(true);

    const id = await eraseFirst(db);
    const { eraser, clock } = eraserTo(db, address);
    expect(await eraser.look(id)).toMatchObject({
      state: "pending",
      note: expect.stringContaining("on their way") as unknown,
    });
    release();
    await expect.poll(() => shown(standIn, erased)).toBe(3);
    await expect.poll(() => readOutbox(db)).toEqual([]);
    expect(await eraser.look(id)).toMatchObject({ state: "pending" });
    expect(shown(standIn, erased)).toBe(0);
    clock.nowMs += HOUR_MS;
    expect(await eraser.look(id)).toMatchObject({ state: "done" });
    expect(await readLedger(db)).toEqual([]);
  });

  it("takes out what nobody has in hand, dead letters too, and asks Langfuse for nothing where nothing was sent", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const [first, second] = await insertSamples(db, 2);
    await insertFeedbackOn(db, [first?.id ?? "", second?.id ?? ""]);
    await db.query("update langfuse_outbox set dead_at = now(), last_error = 'of the person' where kind = 'feedback'");
    const id = await eraseFirst(db);
    expect((await readOutbox(db)).map(({ kind }) => kind).sort()).toEqual(["feedback", "trace"]);
    expect(await eraserTo(db, null).eraser.look(id)).toEqual({ state: "done", note: "nothing of it" });
    await drain(mirrorTo(db, address).mirror);
    expect(shown(standIn, first as Made)).toBe(0);
    expect(shown(standIn, second as Made)).toBe(3);
  });

  it("is not done in Langfuse while the database is not erased, nor when it is gone on with", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const [erased] = await insertSamples(db, 1);
    await drain(mirrorTo(db, address).mirror);
    const { eraser, clock } = eraserTo(db, address);
    clock.nowMs += HOUR_MS;
    // A worker looks while the erasing has come no further than its fence.
    const [begun] = await db.query<{ id: string }>(
      `insert into erasures (id, project_id, subject_kind, subject_sha256, requested_by)
       values (gen_random_uuid(), 'default', 'ticket', uptake_subject_sha256('default', 'ticket', 'T-0'), 'a test') returning id`,
    );
    const id = begun?.id ?? "";
    expect(await eraser.look(id)).toEqual({
      state: "pending",
      note: "nothing of it; the database is not erased yet: run it again",
    });
    expect(await eraseFirst(db)).toBe(id);
    expect(await readErasure(db, id)).toMatchObject({ state: "pending", places: { spool: { state: "done" } } });
    expect(await eraser.look(id)).toMatchObject({ state: "done" });
    expect(shown(standIn, erased as Made)).toBe(0);

    await db.query("update erasures set state = 'pending', finished_at = null");
    await db.query('update erasures set places = places || \'{"spool": {"state": "pending", "note": ""}}\'');
    expect(await eraseFirst(db)).toBe(id);
    expect(await readErasure(db, id)).toMatchObject({
      state: "pending",
      finishedAt: null,
      places: { database: { state: "done" }, langfuse: { state: "pending", note: "not reached yet" } },
    });
  });

  it("stays pending while Langfuse is away, and a worker ends it once it is back", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const [erased] = await insertSamples(db, 1);
    await drain(mirrorTo(db, address).mirror);
    const id = await eraseFirst(db);
    standIn.failNext({ status: 503 });
    const { eraser, clock, book } = eraserTo(db, address);
    clock.nowMs += HOUR_MS;
    expect(await eraser.look(id)).toMatchObject({ state: "pending", note: expect.stringContaining("503") as unknown });
    expect(await eraserTo(db, null).eraser.look(id)).toMatchObject({
      state: "pending",
      note: expect.stringContaining("LANGFUSE_PUBLIC_KEY") as unknown,
    });
    eraser.start();
    await expect.poll(() => book.named("erasure.done").length, { timeout: 10_000 }).toBe(1);
    await eraser.stop();
    expect(shown(standIn, erased as Made)).toBe(0);
  });
});
