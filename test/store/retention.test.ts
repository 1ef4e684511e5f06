import { describe, expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { repeatableId } from "../../src/domain/ids.ts";
import { monthOf } from "../../src/domain/partition-report.ts";
import type { RollupCheckReport, RollupDifference } from "../../src/domain/rollup-report.ts";
import { backfillRollup } from "../../src/metrics/backfill-rollup.ts";
import { checkRollup } from "../../src/metrics/check-rollup.ts";
import { createHostMetrics } from "../../src/metrics/host-metrics.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { readSurvival } from "../../src/metrics/read-survival.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { createPartitionKeeper } from "../../src/store/partitions/partition-keeper.ts";
import { emptyMonth } from "../../src/store/queries/empty-month.ts";
import { openTransaction } from "../metrics/open-transaction.ts";
import { drain, mirrorTo, startStandIn } from "../mirror/set-up.ts";
import { openTestPostgres } from "../support/databases.ts";
import { keepLog } from "../track/memory-recorder.ts";
import {
  countOf,
  deliverAll,
  inMonth,
  insertAt,
  judgeAt,
  keepAt,
  openPartitioned,
  partitionOf,
  rowsByPartition,
} from "./partitioned-rows.ts";

const HOUR_MS = 3_600_000;
const later = (at: Date, hours: number): Date => new Date(at.getTime() + hours * HOUR_MS);
const projectId = "default";
const signal = new AbortController().signal;

/** Counted, written by the host's names and delivered: nothing needs the rows any more. */
async function settle(db: Database, now: Date): Promise<void> {
  await createRoller({ db, log: silentLogger }).rollAll();
  await createHostMetrics({ db, log: silentLogger, projectId, now: () => now.getTime(), everyMs: 1000 }).writeAll();
  await deliverAll(db);
}

async function check(
  db: Database,
  to: Date,
  repair = false,
): Promise<RollupCheckReport & { readonly found: readonly RollupDifference[] }> {
  const found: RollupDifference[] = [];
  const onDifference = (difference: RollupDifference): void => void found.push(difference);
  return { ...(await checkRollup(db, { to, repair, onDifference, onProgress: () => {}, signal })), found };
}

const metrics = (db: Database, now: Date) =>
  readMetrics(db, { projectId, from: inMonth(-1), to: inMonth(6), bucket: "day", by: ["function"], now });

const hostRows = (db: Database) =>
  db.query(
    `select metric_type, metric_name, dimension_value, metric_value, period_start from aggregated_metrics
     order by period_start, metric_type, metric_name, dimension_value`,
  );

/** When the running month is the oldest that is dropped with one month of retention. */
const now = inMonth(2);

describe("retention", () => {
  it("drops a month with its traces and its partitions, and leaves what was counted of it", async () => {
    const { db } = await openPartitioned();
    const ids = await insertAt(db, inMonth(0), 60);
    await judgeAt(db, later(inMonth(0), 2), ids.slice(0, 20));
    await judgeAt(db, later(inMonth(0), 3), ids.slice(20, 30), "rejection");
    await insertAt(db, inMonth(1), 5, "next");
    await settle(db, now);
    const before = [await metrics(db, now), await hostRows(db)];

    expect(await keepAt(db, now, 1)).toMatchObject({
      dropped: [{ month: monthOf(new Date()), suggestionCount: 60 }],
      kept: [],
      otherCount: 0,
    });
    expect(await rowsByPartition(db)).toEqual({ [partitionOf("ai_suggestions", 1)]: 5 });
    expect(await rowsByPartition(db, "ai_traces")).toEqual({ [partitionOf("ai_traces", 1)]: 5 });
    expect(await db.query("select to_regclass($1) as gone", [partitionOf("ai_suggestions", 0)])).toEqual([
      { gone: null },
    ]);
    await settle(db, now);
    expect([await metrics(db, now), await hostRows(db)]).toEqual(before);
    expect(await countOf(db, "ai_feedback_events")).toBe(30);
    expect(await keepAt(db, now, 1)).toMatchObject({ dropped: [], kept: [] });
  });

  it("is known to check, repair and backfill, which leave those hours alone and say so", async () => {
    const { db } = await openPartitioned();
    const ids = await insertAt(db, inMonth(0), 20);
    await judgeAt(db, later(inMonth(0), 2), ids.slice(0, 10), "rejection");
    await insertAt(db, inMonth(1), 5, "next");
    await settle(db, now);
    const before = await metrics(db, now);
    await keepAt(db, now, 1);

    const frozenBefore = new Date(monthOf(new Date(), 1));
    expect(await check(db, now)).toMatchObject({ frozenBefore, differenceCount: 0, found: [] });
    expect(await check(db, now, true)).toMatchObject({ frozenBefore, repaired: false });
    const roller = createRoller({ db, log: silentLogger });
    const range = { from: inMonth(0), to: now, onProgress: () => {}, signal };
    expect(await backfillRollup({ db, roller }, range)).toMatchObject({ frozenBefore, interrupted: false });
    expect(await metrics(db, now)).toEqual(before);
    const onlyFrozen = { ...range, to: later(inMonth(0), 5) };
    expect(await backfillRollup({ db, roller }, onlyFrozen)).toMatchObject({ hourCount: 0, interrupted: false });
    expect(await metrics(db, now)).toEqual(before);

    // Where suggestions are still there, a fault is still found.
    await db.query("update ai_metrics_hourly set suggestion_count = suggestion_count + 1 where hour >= $1", [
      Math.floor(inMonth(1).getTime() / HOUR_MS),
    ]);
    expect((await check(db, now)).differenceCount).toBeGreaterThan(0);
    expect((await check(db, now, true)).repaired).toBe(true);
  });

  it("keeps the acts that came after the month, so that their hours still come to what was counted and can be restated", async () => {
    const { db } = await openPartitioned();
    const [one = "", two = "", three = ""] = await insertAt(db, inMonth(0), 3);
    const hour = inMonth(1);
    await judgeAt(db, hour, [one, two], "rejection");
    const [other = ""] = await insertAt(db, later(hour, -1), 1, "next");
    await judgeAt(db, hour, [other]);
    await judgeAt(db, later(inMonth(0), 1), [three]);
    await settle(db, now);
    const before = await hostRows(db);
    await keepAt(db, now, 1);
    expect(await countOf(db, "dropped_acts")).toBe(2);
    expect(await check(db, now)).toMatchObject({ found: [] });

    // The hour is written anew, since an act on a suggestion that is still there changes in it.
    await db.query("insert into aggregated_metrics_due (hour) values ($1)", [Math.floor(hour.getTime() / HOUR_MS)]);
    await settle(db, now);
    expect(await hostRows(db)).toEqual(before);
    await judgeAt(db, later(hour, 5), [other], "rejection");
    await settle(db, now);
    const rate = await db.query(
      `select metric_value::real as value from aggregated_metrics
       where metric_name = 'overall_acceptance_rate' and period_start = date_trunc('hour', $1::timestamptz)`,
      [hour],
    );
    expect(rate).toEqual([{ value: 0 }]);
  });

  it("keeps a month that something still needs, says why, and drops it once nothing does", async () => {
    const { db } = await openPartitioned();
    const month = monthOf(new Date());
    const [id = ""] = await insertAt(db, inMonth(0), 3);
    expect((await keepAt(db, now, 1)).kept).toEqual([{ month, why: "waiting", amount: 3 }]);
    await settle(db, now);
    await judgeAt(db, later(inMonth(0), 1), [id]);
    expect((await keepAt(db, now, 1)).kept).toEqual([{ month, why: "waiting", amount: 1 }]);
    await deliverAll(db);
    expect((await keepAt(db, now, 1)).kept).toEqual([{ month, why: "unwritten", amount: 1 }]);
    await settle(db, now);
    await db.query("update ai_suggestions set created_at = $1 where id = $2", [inMonth(1), id]);
    expect((await keepAt(db, now, 1)).kept).toEqual([{ month, why: "newer", amount: 1 }]);
    await db.query("update ai_suggestions set created_at = $1 where id = $2", [inMonth(0), id]);
    await db.query("insert into langfuse_outbox (kind, ref, dead_at) values ('trace', $1, now())", [id]);
    const release = await openTransaction(db, (tx) =>
      tx.query("select from ai_suggestions where id = $1 for update", [id]),
    );
    expect((await keepAt(db, now, 1)).kept).toEqual([{ month, why: "blocked", amount: null }]);
    await release();
    expect(await keepAt(db, now, 1)).toMatchObject({ kept: [], dropped: [{ month, suggestionCount: 3 }] });
  });

  it("goes on where a pass was killed between emptying a month and taking its partition away", async () => {
    const { db } = await openPartitioned();
    await insertAt(db, inMonth(0), 3);
    await settle(db, now);
    await db.transaction((tx) => emptyMonth(tx, monthOf(new Date())));
    expect(
      await db.query("select relname from pg_class where relname = $1", [partitionOf("ai_suggestions", 0)]),
    ).toHaveLength(1);
    await keepAt(db, now, 1);
    for (const table of ["ai_suggestions", "ai_traces"]) {
      expect(await db.query("select relname from pg_class where relname = $1", [partitionOf(table, 0)])).toEqual([]);
    }
    expect(await db.query("select suggestion_count as n from retention_drops")).toEqual([{ n: 3 }]);
  });

  it("leaves the empty partition where its table is in use, until another pass", async () => {
    const { db } = await openPartitioned();
    await insertAt(db, inMonth(0), 3);
    await settle(db, now);
    // Holds the table and another month's partition, as any statement of the application does.
    const release = await openTransaction(db, (tx) =>
      tx.query("select from ai_suggestions where id = $1", [repeatableId(inMonth(1), "any")]),
    );
    const part = "select relname from pg_class where relname = $1";
    expect(await keepAt(db, now, 1)).toMatchObject({ dropped: [{ suggestionCount: 3 }], kept: [] });
    expect(await countOf(db, "ai_suggestions")).toBe(0);
    expect(await db.query(part, [partitionOf("ai_suggestions", 0)])).toHaveLength(1);
    await release();
    expect(await keepAt(db, now, 1)).toMatchObject({ dropped: [], kept: [] });
    expect(await db.query(part, [partitionOf("ai_suggestions", 0)])).toEqual([]);
  });

  it("drops the traces of a month whose partition of traces was never made, and forgives one that another worker took away", async () => {
    const { db } = await openPartitioned();
    await db.query(`drop table ${partitionOf("ai_traces", 0)}`);
    await insertAt(db, inMonth(0), 3);
    expect(await rowsByPartition(db, "ai_traces")).toEqual({ ai_traces_other: 3 });
    await settle(db, now);
    const reports = await Promise.all([keepAt(db, now, 1), keepAt(db, now, 1), keepAt(db, now, 1)]);
    expect(reports.flatMap(({ dropped }) => dropped)).toHaveLength(1);
    expect(await countOf(db, "ai_traces")).toBe(0);
    expect(await emptyMonth(db, monthOf(new Date()))).toEqual({ result: "empty", amount: 0 });
  });

  it("deletes what is old by its own time where its id tells none, except what waits for Langfuse", async () => {
    const { db } = await openPartitioned();
    await db.query(
      `insert into ai_suggestions (id, suggested_response, status, created_at)
       select gen_random_uuid(), 'x', 'completed', case when n <= 30 then $1::timestamptz else $2 end
       from generate_series(1, 50) n`,
      [new Date("2019-05-05T00:00Z"), now],
    );
    await insertAt(db, new Date("2020-01-01T00:00Z"), 10, "imported");
    await settle(db, now);
    await db.query(
      "insert into langfuse_outbox (kind, ref) select 'trace', id from ai_suggestions where created_at < '2019-06-01' limit 1",
    );
    const before = await metrics(db, now);
    expect(await keepAt(db, now, 1)).toMatchObject({ otherCount: 39, kept: [] });
    expect(await countOf(db, "ai_suggestions")).toBe(21);
    expect(await countOf(db, "ai_traces")).toBe(0);
    expect(await metrics(db, now)).toEqual(before);
    expect(await check(db, now)).toMatchObject({ found: [] });
  });

  it("takes an import into a dropped month for old as well", async () => {
    const { db } = await openPartitioned();
    await insertAt(db, inMonth(0), 3);
    await settle(db, now);
    await keepAt(db, now, 1);
    await insertAt(db, inMonth(0), 4, "late");
    await settle(db, now);
    expect(await rowsByPartition(db)).toEqual({ ai_suggestions_other: 4 });
    expect(await keepAt(db, now, 1)).toMatchObject({ otherCount: 4 });
  });

  it("lets feedback on a dropped suggestion be recorded; it decides nothing, waits for nothing and ends in the mirror", async () => {
    const { db } = await openPartitioned();
    const { address } = await startStandIn();
    const ids = await insertAt(db, inMonth(0), 2);
    await settle(db, now);
    await keepAt(db, now, 1);
    await judgeAt(db, now, ids);
    expect(await db.query("select of_deleted from ai_feedback_waiting")).toEqual([
      { of_deleted: true },
      { of_deleted: true },
    ]);
    await drain(mirrorTo(db, address).mirror);
    expect(await countOf(db, "langfuse_outbox")).toBe(0);
    expect(await countOf(db, "langfuse_deliveries")).toBe(0);
  });

  it("is told to whoever asks what only the suggestions know", async () => {
    const { db } = await openPartitioned();
    await insertAt(db, inMonth(0), 2);
    await settle(db, now);
    await keepAt(db, now, 1);
    const query = { projectId, from: inMonth(0), to: now, bucket: "total", by: ["confidenceBand"], now } as const;
    const refusal = {
      code: "invalid_input",
      message: expect.stringContaining("retention has dropped those before") as unknown,
    };
    await expect(readMetrics(db, query)).rejects.toMatchObject(refusal);
    await expect(readSurvival(db, query)).rejects.toMatchObject(refusal);
    expect(await readMetrics(db, { ...query, from: inMonth(1) })).toEqual([]);
    // The rollup knows how long they had been open, whoever is gone.
    expect(await readSurvival(db, { ...query, by: [] })).toMatchObject([{ decidedCount: 0, openCount: 2 }]);
  });
});

describe("the keeper of the partitions", () => {
  const options = { log: silentLogger, retainMonths: 1, now: () => now.getTime(), everyMs: 1000 };

  const partitionedAll = process.env["UPTAKE_TEST_PARTITIONED"] === "1";
  it.skipIf(partitionedAll)("says once that retention needs partitions, where there are none", async () => {
    const opened = await openTestPostgres();
    onTestFinished(() => opened.drop());
    const { db } = opened;
    const { log, logged } = keepLog();
    const keeper = createPartitionKeeper({ ...options, db, log });
    expect(await keeper.keepAll()).toBeNull();
    expect(await keeper.keepAll()).toBeNull();
    expect(logged.map(({ event }) => event)).toEqual(["retention.ignored"]);
  });

  it("works through a pass from its start on and logs what it did and what it left", async () => {
    const { db } = await openPartitioned();
    const { log, logged } = keepLog();
    await insertAt(db, inMonth(0), 2);
    const keeper = createPartitionKeeper({ ...options, db, log });
    keeper.start();
    await expect.poll(() => logged.map(({ event }) => event)).toEqual(["partitions.made", "retention.kept"]);
    await keeper.stop();
    expect(logged.at(-1)?.facts).toMatchObject({ month: monthOf(new Date()), why: "waiting", amount: 2 });
  });
});
