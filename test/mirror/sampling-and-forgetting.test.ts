import { describe, expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import { backfill } from "../../src/mirror/backfill.ts";
import { createEraser } from "../../src/mirror/eraser.ts";
import type { Database } from "../../src/store/database.ts";
import { eraseRows } from "../../src/store/erasure/erase-rows.ts";
import { claimMessages } from "../../src/store/queries/claim-messages.ts";
import { leaveOutTraces } from "../../src/store/queries/leave-out-traces.ts";
import { readErasure } from "../../src/store/queries/erasures.ts";
import { retain } from "../../src/store/retention/retain.ts";
import { inMonth, insertAt, keepAt, openPartitioned } from "../store/partitioned-rows.ts";
import { openTestPostgres } from "../support/databases.ts";
import { act, HOUR_MS, NOTHING, readLeftOut, refs, startSampled, suggest } from "./sampling-rig.ts";
import { readOutbox } from "./set-up.ts";

const signal = new AbortController().signal;
const TOKEN = "aaaaaaaa-0000-4000-8000-000000000000";

async function open(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

async function erase(db: Database, suggestionId: string): Promise<string> {
  const about = { projectId: "default", requestedBy: "a test", signal };
  return (await eraseRows(db, { ...about, kind: "suggestion", id: suggestionId })).id;
}

const leftOutOf = async (db: Database): Promise<string[]> => (await readLeftOut(db)).map(({ ref }) => ref).sort();

/** Takes the texts, or the rows, of what is older than a day; the rows here are made older by that. */
async function retainOld(db: Database, kind: "contentMs" | "rowsMs") {
  const ages = { contentMs: null, tracesMs: null, rowsMs: null, [kind]: 24 * HOUR_MS };
  const now = new Date(Date.now() + 48 * HOUR_MS);
  return retain(db, { ages, now, fromTheStart: true, dryRun: false, pauseMs: 0, signal });
}

describe("an erasure under sampling", () => {
  it("takes what was left out and what is held, and no late act brings it back", async () => {
    const db = await open();
    const { after, standIn } = await startSampled(db, NOTHING);
    const [left, other] = [await suggest(db), await suggest(db)];
    await act(db, left, "approval");
    await after(HOUR_MS);
    await after(HOUR_MS);
    const held = await suggest(db);
    await act(db, held, "approval");
    await after(0);
    expect(await leftOutOf(db)).toEqual([left, other].sort());
    expect(await readOutbox(db)).toHaveLength(2);

    for (const id of [left, held]) await erase(db, id);
    expect(await leftOutOf(db)).toEqual([other]);
    expect(await readOutbox(db)).toEqual([]);

    for (const id of [left, held]) await act(db, id, "rejection");
    await db.query("update ai_suggestions set status = 'error', error_type = 'TimeoutError' where id = any ($1)", [
      [left, held],
    ]);
    const range = { from: new Date(0), to: new Date(Date.now() + HOUR_MS) };
    await backfill(db, { range, dryRun: false, force: false, signal, onProgress: () => {} });
    await after(HOUR_MS);
    await after(HOUR_MS);
    expect(await refs(db)).toEqual([]);
    expect([standIn.observations(), standIn.scores()]).toEqual([[], []]);
    expect(await readOutbox(db)).toEqual([]);
    expect(await leftOutOf(db)).toEqual([other]);
  });

  it("leaves no note where a worker that has it in hand leaves it out", async () => {
    const db = await open();
    const id = await suggest(db);
    const [message] = await claimMessages(db, { limit: 1, leaseMs: 60_000, token: TOKEN });
    const erasureId = await erase(db, id);
    const leaving = [{ id: message?.id ?? 0, unsure: false, keptBy: null, rule: "not-sampled" }];
    expect(await leaveOutTraces(db, TOKEN, leaving)).toEqual(new Set([message?.id]));
    expect(await leftOutOf(db)).toEqual([]);
    expect(await readOutbox(db)).toEqual([]);
    expect(await readErasure(db, erasureId)).toMatchObject({ counts: { suggestionCount: 1 } });
  });

  it("asks Langfuse for what was left out but may be there all the same", async () => {
    const db = await open();
    const { after, standIn, address } = await startSampled(db, NOTHING);
    const id = await suggest(db, { function_name: "all" });
    await after(0);
    expect(standIn.currentObservations()).not.toEqual([]);
    // As after a database that was set back: nobody knows that it was delivered.
    await db.query("delete from langfuse_deliveries");
    await db.query(
      "insert into langfuse_left_out (suggestion_id, project_id, rule, unsure) values ($1, 'default', 'budget', true)",
      [id],
    );
    const erasureId = await erase(db, id);
    const langfuse = createLangfuseClient({ ...address, fetch, timeoutMs: 5000 });
    const eraser = createEraser({ db, langfuse, log: silentLogger, now: Date.now, everyMs: 1000 });
    expect(await eraser.look(erasureId)).toMatchObject({ state: "pending" });
    expect(standIn.currentObservations()).toEqual([]);
  });
});

describe("retention under sampling", () => {
  it("of texts takes what was left out for settled and what is held for waiting", async () => {
    const db = await open();
    const { after, standIn } = await startSampled(db, NOTHING);
    const left = await suggest(db);
    const approval = await act(db, left, "approval");
    await after(HOUR_MS);
    await after(HOUR_MS);
    const held = await suggest(db);
    await after(0);

    expect(await retainOld(db, "contentMs")).toMatchObject({
      emptiedSuggestionCount: 1,
      kept: [{ kind: "content", why: "waiting", suggestionCount: 1 }],
    });
    expect(await db.query("select id from ai_suggestions where emptied_at is not null")).toEqual([{ id: left }]);
    expect(await leftOutOf(db)).toEqual([]);

    // What is empty is not brought back, and no score goes without its trace.
    const rejections = [await act(db, left, "rejection"), await act(db, held, "rejection")];
    const range = { from: new Date(0), to: new Date(Date.now() + HOUR_MS) };
    await backfill(db, { range, dryRun: false, force: false, signal, onProgress: () => {} });
    expect((await readOutbox(db)).map(({ ref }) => ref)).not.toContain(approval);
    await after(0);
    expect(await refs(db)).toEqual([held, rejections[1]].sort());
    expect(new Set(standIn.scores().map(({ traceId }) => traceId)).size).toBe(1);
    expect(await readOutbox(db)).toEqual([]);
  });

  it("still sends feedback on a trace that was sent before its texts went", async () => {
    const db = await open();
    const { after } = await startSampled(db, NOTHING);
    const id = await suggest(db, { function_name: "all" });
    await after(0);
    expect(await retainOld(db, "contentMs")).toMatchObject({ emptiedSuggestionCount: 1, kept: [] });
    const rejection = await act(db, id, "rejection");
    await after(0);
    expect(await refs(db)).toEqual([id, rejection].sort());
  });

  it("of rows takes their notes with them", async () => {
    const db = await open();
    const { after } = await startSampled(db, NOTHING);
    await suggest(db);
    await after(HOUR_MS);
    await after(HOUR_MS);
    const held = await suggest(db);
    await after(0);
    await createRoller({ db, log: silentLogger }).rollAll();
    await db.query("delete from aggregated_metrics_due");
    expect(await retainOld(db, "rowsMs")).toMatchObject({
      deletedSuggestionCount: 1,
      kept: [{ kind: "rows", why: "waiting", suggestionCount: 1 }],
    });
    expect(await leftOutOf(db)).toEqual([]);
    expect((await readOutbox(db)).map(({ ref }) => ref)).toEqual([held]);
  });

  it("of months takes their notes with them, and of what lies in no month", async () => {
    const { db } = await openPartitioned();
    const [dropped = "", kept = ""] = [
      ...(await insertAt(db, inMonth(0), 1)),
      ...(await insertAt(db, inMonth(1), 1, "next")),
    ];
    const [early = ""] = await insertAt(db, new Date("2020-01-01T00:00Z"), 1, "imported");
    await db.query("delete from langfuse_outbox");
    await db.query("delete from aggregated_metrics_due");
    await db.query(
      "insert into langfuse_left_out (suggestion_id, project_id, rule) select id, 'default', 'not-sampled' from ai_suggestions",
    );
    await createRoller({ db, log: silentLogger }).rollAll();
    await db.query("delete from aggregated_metrics_due");
    expect(await leftOutOf(db)).toEqual([dropped, kept, early].sort());
    expect(await keepAt(db, inMonth(2), 1)).toMatchObject({
      dropped: [{ suggestionCount: 1 }],
      otherCount: 1,
      kept: [],
    });
    expect(await leftOutOf(db)).toEqual([kept]);
  });
});
