import { expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import type { RetentionAges } from "../../src/domain/retention.ts";
import { checkRollup } from "../../src/metrics/check-rollup.ts";
import { backfillRollup } from "../../src/metrics/backfill-rollup.ts";
import { createHostMetrics } from "../../src/metrics/host-metrics.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { retain } from "../../src/store/retention/retain.ts";
import { createRetentionKeeper } from "../../src/store/retention/retention-keeper.ts";
import { DAY_MS, MINUTE_MS } from "../../src/domain/durations.ts";
import { describeEachDatabase, describeOnPostgres, describeWithPartitions } from "../support/databases.ts";
import { countOf, deliverAll, insertAt, judgeAt, openPartitioned } from "./partitioned-rows.ts";

const NOW = new Date("2026-11-20T08:30:00Z");
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * DAY_MS);
const projectId = "default";
const signal = new AbortController().signal;
const never: RetentionAges = { contentMs: null, tracesMs: null, rowsMs: null };

const retainAll = (db: Database, ages: Partial<RetentionAges>, dryRun = false) =>
  retain(db, { ages: { ...never, ...ages }, now: NOW, fromTheStart: true, dryRun, pauseMs: 0, signal });

/** Ten of a hundred days ago, five of ten days ago; all judged, counted, written and delivered. */
async function history(db: Database): Promise<readonly string[]> {
  const old = await insertAt(db, daysAgo(100), 10, "old");
  const young = await insertAt(db, daysAgo(10), 5, "young");
  await judgeAt(db, daysAgo(99), old.slice(0, 6), "rejection");
  await judgeAt(db, daysAgo(2), old.slice(6, 8), "rejection");
  await judgeAt(db, daysAgo(9), young);
  await settle(db);
  await deliverAll(db);
  return old;
}

async function settle(db: Database): Promise<void> {
  await createRoller({ db, log: silentLogger }).rollAll();
  await createHostMetrics({ db, log: silentLogger, projectId, now: () => NOW.getTime(), everyMs: 1000 }).writeAll();
}

const counted = async (db: Database) => [
  await readMetrics(db, { projectId, from: daysAgo(200), to: NOW, bucket: "day", by: ["function"], now: NOW }),
  await db.query(
    "select metric_type, metric_name, dimension_value, metric_value, period_start from aggregated_metrics order by 5, 1, 2, 3",
  ),
];

async function differences(db: Database, repair: boolean): Promise<unknown[]> {
  const found: unknown[] = [];
  const onDifference = (difference: unknown): void => void found.push(difference);
  await checkRollup(db, { to: NOW, repair, onDifference, onProgress: () => {}, signal });
  return found;
}

describeWithPartitions("retention by kind", (open) => {
  it("takes the texts of what is older, and leaves what is counted", async () => {
    const db = await open();
    await history(db);
    await db.query('update ai_suggestions set metadata = \'{"trace_id": "t", "note": "n"}\', error_message = \'e\'');
    const before = await counted(db);
    const report = { emptiedSuggestionCount: 10, emptiedFeedbackCount: 0, deletedTraceCount: 0, kept: [] };
    expect(await retainAll(db, { contentMs: 90 * DAY_MS }, true)).toMatchObject(report);
    expect(await countOf(db, "ai_suggestions where emptied_at is null")).toBe(15);
    expect(await retainAll(db, { contentMs: 90 * DAY_MS })).toMatchObject(report);
    expect(
      await db.query(
        "select suggested_response, error_message, metadata, count(*) as n from ai_suggestions group by 1, 2, 3 order by 4",
      ),
    ).toEqual([
      { suggested_response: "text", error_message: "e", metadata: { trace_id: "t", note: "n" }, n: 5 },
      { suggested_response: "", error_message: null, metadata: { trace_id: "t" }, n: 10 },
    ]);
    await settle(db);
    expect(await counted(db)).toEqual(before);
    expect(await differences(db, true)).toEqual([]);
    expect(await countOf(db, "ai_traces")).toBe(15);
    expect(await retainAll(db, { contentMs: 90 * DAY_MS })).toMatchObject({ emptiedSuggestionCount: 0 });
  });

  it("takes the words of feedback events by their own age", async () => {
    const db = await open();
    const [id] = await insertAt(db, daysAgo(100), 1);
    await db.query(
      `insert into ai_feedback_events (suggestion_id, feedback_type, agent_response, comment, metadata, created_at)
       select $1, 'approval', 'sent', 'remark', '{"a": 1}', at from unnest(array[$2, $3]::timestamptz[]) at`,
      [id, daysAgo(95), daysAgo(5)],
    );
    await deliverAll(db);
    expect(await retainAll(db, { contentMs: 90 * DAY_MS })).toMatchObject({ emptiedFeedbackCount: 1 });
    expect(
      await db.query("select agent_response, comment, metadata from ai_feedback_events order by created_at"),
    ).toEqual([
      { agent_response: null, comment: null, metadata: {} },
      { agent_response: "sent", comment: "remark", metadata: { a: 1 } },
    ]);
  });

  it("deletes observations, and keeps what has yet to reach Langfuse until it has", async () => {
    const db = await open();
    await history(db);
    await db.query(
      "insert into langfuse_outbox (kind, ref) select 'trace', id from ai_suggestions order by id limit 3",
    );
    const ages = { tracesMs: 30 * DAY_MS, contentMs: 30 * DAY_MS };
    expect(await retainAll(db, ages)).toMatchObject({
      deletedTraceCount: 7,
      emptiedSuggestionCount: 7,
      kept: [
        { kind: "content", why: "waiting", suggestionCount: 3 },
        { kind: "traces", why: "waiting", suggestionCount: 3 },
      ],
    });
    expect(await countOf(db, "ai_traces")).toBe(8);
    await deliverAll(db);
    expect(await retainAll(db, ages)).toMatchObject({ deletedTraceCount: 3, emptiedSuggestionCount: 3, kept: [] });
  });

  it("goes on at night from where it was, and meets what came late", async () => {
    const db = await open();
    await history(db);
    const lines: string[] = [];
    const note = (event: string): void => void lines.push(event);
    const log = { info: note, warn: note, error: note };
    const ages = { ...never, tracesMs: 30 * DAY_MS };
    let now = NOW.getTime();
    const keeper = createRetentionKeeper({ db, log, ages, now: () => now });
    expect(await keeper.runOnce()).toMatchObject({ deletedTraceCount: 10 });
    await insertAt(db, daysAgo(33), 2, "late");
    await insertAt(db, daysAgo(100), 4, "imported");
    await deliverAll(db);
    now += DAY_MS;
    expect(await keeper.runOnce()).toMatchObject({ deletedTraceCount: 2 });
    expect(await keeper.retainAll({ dryRun: false, signal })).toMatchObject({ deletedTraceCount: 4 });
    expect(lines).toEqual(["retention.pass", "retention.pass"]);
    await keeper.stop();
  });
});

describeEachDatabase("retention of rows", (open) => {
  it("deletes rows without taking anything from the metrics, which check and backfill know", async () => {
    const db = await open();
    const old = await history(db);
    const before = await counted(db);
    expect(await retainAll(db, { rowsMs: 30 * DAY_MS }, true)).toMatchObject({ deletedSuggestionCount: 10 });
    expect(await retainAll(db, { rowsMs: 30 * DAY_MS })).toMatchObject({ deletedSuggestionCount: 10, kept: [] });
    for (const [table, count] of [
      ["ai_suggestions", 5],
      ["ai_traces", 5],
      ["ai_feedback_events", 5],
      ["ai_feedback_waiting", 0],
    ] as const) {
      expect(await countOf(db, table), table).toBe(count);
    }
    await settle(db);
    expect(await counted(db)).toEqual(before);
    expect(await differences(db, true)).toEqual([]);
    const roller = createRoller({ db, log: silentLogger });
    const range = { from: daysAgo(200), to: NOW, onProgress: () => {}, signal };
    expect(await backfillRollup({ db, roller }, range)).toMatchObject({
      frozenBefore: new Date("2026-08-13T08:00:00Z"),
    });
    await settle(db);
    expect(await counted(db)).toEqual(before);

    // Late feedback is recorded, decides nothing, and does not wait for ever.
    await judgeAt(db, NOW, old.slice(0, 1));
    expect(await db.query("select of_deleted from ai_feedback_waiting")).toEqual([{ of_deleted: true }]);
  });
});

describeOnPostgres("what retention of rows leaves", (open) => {
  it("is an hour of which not all are old enough, since hours are counted anew whole or not at all", async () => {
    const db = await open();
    const border = daysAgo(30).getTime();
    const [young] = await insertAt(db, new Date(border - 20 * MINUTE_MS), 1, "in the same hour");
    await insertAt(db, new Date(border - 40 * MINUTE_MS), 1, "in the hour before");
    await settle(db);
    await deliverAll(db);
    expect(await retainAll(db, { rowsMs: 30 * DAY_MS })).toMatchObject({ deletedSuggestionCount: 1, kept: [] });
    expect(await db.query("select id from ai_suggestions")).toEqual([{ id: young }]);
  });

  it("is a run that has not ended, with its text and observations", async () => {
    const db = await open();
    const [running] = await insertAt(db, daysAgo(100), 1, "running");
    await settle(db);
    await deliverAll(db);
    await db.query("update ai_suggestions set status = 'pending' where id = $1", [running]);
    await deliverAll(db);
    await settle(db);
    const ages = { contentMs: 30 * DAY_MS, tracesMs: 30 * DAY_MS, rowsMs: 30 * DAY_MS };
    expect(await retainAll(db, ages)).toMatchObject({ emptiedSuggestionCount: 0, deletedTraceCount: 0 });
    expect(await countOf(db, "ai_traces")).toBe(1);
    expect(await db.query("select id, emptied_at from ai_suggestions")).toEqual([{ id: running, emptied_at: null }]);
  });

  it("is all of it until the host's table has their hours", async () => {
    const db = await open();
    const old = await insertAt(db, daysAgo(100), 3, "old");
    await judgeAt(db, daysAgo(99), old);
    await createRoller({ db, log: silentLogger }).rollAll();
    await deliverAll(db);
    const kept = [{ kind: "rows", why: "unwritten", hourCount: 1 }];
    expect(await retainAll(db, { rowsMs: 30 * DAY_MS })).toMatchObject({ deletedSuggestionCount: 0, kept });
    expect(await countOf(db, "ai_suggestions")).toBe(3);
    await settle(db);
    expect(await retainAll(db, { rowsMs: 30 * DAY_MS })).toMatchObject({ deletedSuggestionCount: 3, kept: [] });
  });
});

it("leaves rows to their months where there are partitions", async () => {
  const { db } = await openPartitioned();
  await history(db);
  expect(await retainAll(db, { rowsMs: 30 * DAY_MS })).toMatchObject({
    deletedSuggestionCount: 0,
    kept: [{ kind: "rows", why: "partitioned" }],
  });
});
