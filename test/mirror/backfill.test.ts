import { expect, it } from "vitest";
import { feedbackObservationIdOf, observationIdOf, traceIdOf } from "../../src/domain/ids.ts";
import { backfill, type BackfillRequest } from "../../src/mirror/backfill.ts";
import type { Database } from "../../src/store/database.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { insertFeedbackOn, insertSamples } from "./rows.ts";
import { drain, mirrorTo, readLedger, readOutbox, startStandIn } from "./set-up.ts";
import { insertUntracked, type UntrackedRow } from "./untracked.ts";

const RANGE = { from: new Date("2026-02-01T00:00:00Z"), to: new Date("2026-03-01T00:00:00Z") };

const run = (db: Database, request: Partial<BackfillRequest> = {}) =>
  backfill(db, {
    range: RANGE,
    dryRun: false,
    force: false,
    onProgress: () => {},
    signal: new AbortController().signal,
    ...request,
  });

const messagesOf = (rows: readonly UntrackedRow[]): string[] =>
  rows.flatMap(({ id, feedbackId }) => [`trace ${id}`, `feedback ${feedbackId}`]).sort();

const waiting = async (db: Database): Promise<string[]> =>
  (await readOutbox(db)).map(({ kind, ref }) => `${kind} ${ref}`).sort();

describeOnPostgres("backfill", (open) => {
  it("enqueues what was never mirrored, with its feedback, as messages in doubt", async () => {
    const db = await open();
    const rows = await insertUntracked(db, 3);
    expect(await run(db)).toEqual({
      traceCount: 3,
      feedbackCount: 3,
      pendingCount: 0,
      leftOutCount: 0,
      orphanCount: 0,
      interrupted: false,
    });
    expect(await waiting(db)).toEqual(messagesOf(rows));
    expect((await readOutbox(db)).every(({ unsure }) => unsure)).toBe(true);
  });

  it("enqueues with force as messages that Langfuse certainly does not have", async () => {
    const db = await open();
    await insertUntracked(db, 2);
    await run(db, { force: true });
    expect((await readOutbox(db)).map(({ unsure }) => unsure)).toEqual([false, false, false, false]);
  });

  it("leaves alone what is delivered, waits or is dead, and what was made outside the range", async () => {
    const db = await open();
    const { address } = await startStandIn();
    const delivered = await insertSamples(db, 2);
    await insertFeedbackOn(
      db,
      delivered.map(({ id }) => id),
    );
    await drain(mirrorTo(db, address).mirror);
    const tracked = await insertSamples(db, 2, 2);
    await db.query(`update langfuse_outbox set dead_at = now() where ref = $1`, [tracked[0]?.id]);
    await insertUntracked(db, 1, { from: "2026-01-31T23:59:59Z" });
    await insertUntracked(db, 1, { from: "2026-03-02T00:00:00Z" });
    const [first] = await insertUntracked(db, 1, { from: "2026-02-01T00:00:00Z" });
    const before = await waiting(db);
    const range = { from: RANGE.from, to: new Date("2026-03-01T23:00:00Z") };
    expect(await run(db, { range })).toMatchObject({ traceCount: 1, feedbackCount: 1 });
    expect(await waiting(db)).toEqual([...before, ...messagesOf(first === undefined ? [] : [first])].sort());
  });

  it("leaves out and counts runs that have not ended and feedback on what is not there", async () => {
    const db = await open();
    await insertUntracked(db, 2, { status: "pending" });
    const [gone] = await insertUntracked(db, 1);
    await db.query(`delete from ai_suggestions where id = $1`, [gone?.id]);
    expect(await run(db)).toEqual({
      traceCount: 0,
      feedbackCount: 0,
      pendingCount: 2,
      leftOutCount: 0,
      orphanCount: 1,
      interrupted: false,
    });
    expect(await waiting(db)).toEqual([]);
  });

  it("only counts in a dry run", async () => {
    const db = await open();
    await insertUntracked(db, 3);
    expect(await run(db, { dryRun: true })).toMatchObject({ traceCount: 3, feedbackCount: 3 });
    expect(await waiting(db)).toEqual([]);
  });

  it("goes on where it was interrupted, page by page, and enqueues nothing twice", async () => {
    const db = await open();
    const rows = await insertUntracked(db, 1200);
    const stop = new AbortController();
    const progress: (number | null)[][] = [];
    const onProgress = (done: number, total: number | null): void => {
      progress.push([done, total]);
      if (done === 500) stop.abort();
    };
    expect(await run(db, { signal: stop.signal, onProgress })).toMatchObject({ traceCount: 500, interrupted: true });
    expect(await run(db, { onProgress })).toMatchObject({ traceCount: 700, feedbackCount: 700, interrupted: false });
    expect(progress).toEqual([
      [500, 1200],
      [500, 1200],
      [1000, 1200],
      [1200, 1200],
    ]);
    expect(await run(db)).toMatchObject({ traceCount: 0, feedbackCount: 0 });
    expect(await waiting(db)).toEqual(messagesOf(rows));
  });

  it("makes traces that say no more than the row does, and where they come from", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const [row] = await insertUntracked(db, 1);
    if (row === undefined) throw new Error("one was inserted");
    await run(db);
    await drain(mirrorTo(db, address).mirror);
    const traceId = traceIdOf(row.id);
    const [rootId, generationId] = [observationIdOf(traceId, 0), observationIdOf(traceId, 1)];
    const eventId = feedbackObservationIdOf(row.feedbackId);
    const rows = standIn.observations();
    expect(rows.map(({ id, type, parentObservationId, output }) => [id, type, parentObservationId, output])).toEqual([
      [rootId, "AGENT", null, "Hello 0"],
      [generationId, "GENERATION", rootId, "Hello 0"],
      [eventId, "EVENT", rootId, null],
    ]);
    const [root, generation] = rows;
    expect(root?.metadata).toMatchObject({ madeFromRow: "true", latencyUnknown: "true" });
    for (const { model, usageDetails, costDetails, completionStartTime, input } of [root, generation].filter(
      (observation) => observation !== undefined,
    ))
      expect({ model, usageDetails, costDetails, completionStartTime, input }).toEqual({
        model: null,
        usageDetails: {},
        costDetails: {},
        completionStartTime: null,
        input: null,
      });
    expect(standIn.scores().map(({ name, value }) => [name, value])).toContainEqual(["accepted", 1]);
    expect((await readLedger(db)).map(({ kind, ref }) => `${kind} ${ref}`).sort()).toEqual(messagesOf([row]));
  });
});
