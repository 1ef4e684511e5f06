import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLogger, type Logger } from "../../src/domain/logger.ts";
import type { RollupCheckReport, RollupDifference } from "../../src/domain/rollup-report.ts";
import { backfillRollup } from "../../src/metrics/backfill-rollup.ts";
import { checkRollup } from "../../src/metrics/check-rollup.ts";
import { createNightlyCheck } from "../../src/metrics/nightly-check.ts";
import { repairReasons, repairRollup } from "../../src/metrics/repair-rollup.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { describeOnPostgres, openTestPostgres } from "../support/databases.ts";
import { expectHealthyRollup, expectPlainMetrics } from "./expect-plain.ts";
import { openTransaction } from "./open-transaction.ts";
import { createPlayer, history, HISTORY_FROM, HISTORY_TO } from "./random-history.ts";

const from = new Date("2026-03-01T00:00Z");
const to = new Date("2026-03-21T00:00Z");
const month = { projectId: "default", from, to } as const;

/** A few suggestions a day, some failed, most judged. */
async function fill(db: Database): Promise<void> {
  await db.query(
    `insert into ai_suggestions (id, suggested_response, function_name, status, created_at, latency_ms, confidence_score, error_type)
     select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'text', 'suggest-' || n % 2,
       case when n % 7 = 0 then 'error' else 'completed' end, $1::timestamptz + n * interval '5 hours', n * 100, 0.7,
       case when n % 7 = 0 then 'TimeoutError' end
     from generate_series(1, 60) n`,
    [from],
  );
  await db.query(
    `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, created_at)
     select id, (array['approval', 'revision', 'rejection'])[1 + extract(hour from created_at)::integer % 3], 'too long',
       created_at + interval '2 hours'
     from ai_suggestions where status = 'completed'`,
  );
  await createRoller({ db, log: silentLogger }).rollAll();
}

async function check(
  db: Database,
  repair = false,
): Promise<{ readonly report: RollupCheckReport; readonly found: readonly RollupDifference[] }> {
  const found: RollupDifference[] = [];
  const report = await checkRollup(db, {
    to,
    repair,
    onDifference: (difference) => found.push(difference),
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  return { report, found };
}

/** Everything that can be wrong with a rollup, and what kinds of difference it must be found as. */
const faults = [
  {
    name: "a count too many",
    kinds: ["hour", "sum"],
    sql: "update ai_metrics_hourly set accepted_count = accepted_count + 1 where series_id = $1",
  },
  { name: "a hole", kinds: ["hour", "sum"], sql: "delete from ai_metrics_hourly where series_id = $1" },
  {
    name: "a sum of money",
    kinds: ["hour", "sum"],
    sql: "update ai_metrics_hourly set cost_usd_sum = 0.000001 where series_id = $1",
  },
  {
    name: "a bucket of latencies",
    kinds: ["hour", "sum"],
    sql: "update ai_metrics_hourly set latency_buckets[1] = latency_buckets[1] + 1 where series_id = $1 and latency_counts <> '{}'",
  },
  {
    name: "a confidence",
    kinds: ["hour", "sum"],
    sql: "update ai_metrics_hourly set confidence_ppm_sums[1] = 1 where series_id = $1 and confidence_keys <> '{}'",
  },
  {
    name: "an error's type",
    kinds: ["hour", "sum"],
    sql: "update ai_metrics_hourly set error_types[1] = 'other' where series_id = $1 and error_count > 0",
  },
  { name: "a day", kinds: ["sum"], sql: "update ai_metrics_daily set error_count = 9 where series_id = $1" },
  {
    name: "a day's histogram",
    kinds: ["sum"],
    sql: "update ai_metrics_daily set latency_counts[1] = 9 where series_id = $1 and latency_counts <> '{}'",
  },
  { name: "a missing day", kinds: ["sum"], sql: "delete from ai_metrics_daily where series_id = $1" },
  {
    name: "a total",
    kinds: ["sum"],
    sql: "update ai_metrics_hourly set shown_count = 5 where series_id in (select id from metric_series where function_name is null and $1 > 0)",
  },
  {
    name: "a reason",
    kinds: ["reason", "sum"],
    sql: "update ai_feedback_reasons_hourly set reason = reason || ' (other)' where series_id = $1 and reason <> ''",
  },
  {
    name: "a day's reason",
    kinds: ["sum"],
    sql: "update ai_feedback_reasons_daily set suggestion_count = 9 where series_id = $1 and reason <> ''",
  },
  {
    name: "a missing day of reasons",
    kinds: ["sum"],
    sql: "delete from ai_feedback_reasons_daily where series_id = $1",
  },
  { name: "a lost delta", kinds: ["hour"], sql: "delete from rollup_deltas where $1 > 0" },
  { name: "a lost delta of a reason", kinds: ["reason"], sql: "delete from rollup_reason_deltas where $1 > 0" },
] as const;

describeOnPostgres("the check of the rollup", (open) => {
  it("finds nothing where all is right, with and without what waits, and whatever the range", async () => {
    const db = await open();
    await fill(db);
    await db.query(
      "update ai_suggestions set latency_ms = 1, outcome = 'expired' where function_name = 'suggest-1' and environment is not null",
    );
    const { report, found } = await check(db);
    expect(found).toEqual([]);
    expect(report).toMatchObject({ differenceCount: 0, repaired: false, interrupted: false });
    expect(report.checkedHourCount).toBe(20 * 24);
  });

  it.each(faults)("finds $name, series by series, and mends it", async ({ kinds, sql }) => {
    const db = await open();
    await fill(db);
    // So that there are deltas to lose.
    await db.query(
      `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, created_at)
       select id, 'rejection', 'off-topic', created_at + interval '3 hours' from ai_suggestions
       where status = 'completed' order by id limit 10`,
    );
    const [series] = await db.query<{ id: number }>(
      "select id from metric_series where function_name = 'suggest-1' and environment is not null",
    );
    await db.query(sql, [series?.id]);

    const before = await check(db);
    expect([...new Set(before.found.map(({ kind }) => kind))].toSorted()).toEqual([...kinds]);
    expect(before.report.differenceCount).toBe(before.found.length);
    const mended = await check(db, true);
    expect(mended.report).toMatchObject({ differenceCount: before.found.length, repaired: true });
    await createRoller({ db, log: silentLogger }).rollAll();
    expect((await check(db)).found).toEqual([]);
    await expectPlainMetrics(db, { ...month, bucket: "day", by: [] });
    await expectPlainMetrics(db, { ...month, bucket: "day", by: ["function"], zone: "Europe/Berlin" });
  });

  it.each([
    "update ai_metrics_daily set latency_counts[1] = 9",
    "update ai_metrics_hourly set latency_buckets[2] = 1",
    "update ai_metrics_hourly set confidence_ppm_sums = confidence_ppm_sums || 1::bigint",
    "update ai_metrics_daily set error_types = error_types || 'other'::text",
  ])("lets nobody leave half of a histogram, which it could not see: %s", async (sql) => {
    const db = await open();
    await db.query(
      "insert into ai_suggestions (function_name, suggested_response, status) values ('f', '', 'completed')",
    );
    await createRoller({ db, log: silentLogger }).rollAll();
    await expect(db.query(sql)).rejects.toMatchObject({ code: "23514", constraint: "histograms_are_whole" });
  });

  it("says what is missing, where and how much", async () => {
    const db = await open();
    await fill(db);
    await db.query(
      `update ai_metrics_hourly set suggestion_count = 3, latency_ms_sum = 0 where hour = (select min(hour) from ai_metrics_hourly)
         and series_id in (select id from metric_series where environment is not null)`,
    );
    expect((await check(db)).found[0]).toEqual({
      kind: "hour",
      start: new Date("2026-03-01T05:00Z"),
      series: ["default", "suggest-1", null, null, null],
      detail: "latencyMsSum +100, suggestionCount -2",
    });
  });

  it("rebuilds a rollup that is gone, a week at a time, and goes on where it was ended", async () => {
    const db = await open();
    await fill(db);
    await db.query(
      "truncate rollup_deltas, rollup_reason_deltas, ai_metrics_hourly, ai_metrics_daily, ai_feedback_reasons_hourly, ai_feedback_reasons_daily, metric_series",
    );
    const roller = createRoller({ db, log: silentLogger });
    const stopping = new AbortController();
    const progress: number[] = [];
    const options = { from, to, onProgress: (done: number) => progress.push(done) };
    const ended = await backfillRollup(
      { db, roller },
      { ...options, signal: stopping.signal, onProgress: (done) => (progress.push(done), stopping.abort()) },
    );
    expect(ended).toEqual({ hourCount: 168, frozenBefore: null, resumedAt: null, interrupted: true });
    const rest = await backfillRollup({ db, roller }, { ...options, signal: new AbortController().signal });
    expect(rest).toEqual({
      hourCount: 312,
      frozenBefore: null,
      resumedAt: new Date("2026-03-08T00:00Z"),
      interrupted: false,
    });
    expect(progress).toEqual([168, 336, 480]);
    await expectHealthyRollup(db, from, new Date("2026-03-22T00:00Z"));
    await expectPlainMetrics(db, { ...month, bucket: "total", by: ["function"] });
    const again = await backfillRollup({ db, roller }, { ...options, signal: new AbortController().signal });
    expect(again).toEqual({ hourCount: 480, frozenBefore: null, resumedAt: null, interrupted: false });
    await expectPlainMetrics(db, { ...month, bucket: "total", by: ["function"] });
  });

  it("mends any history after any fault", { timeout: 180_000 }, async () => {
    const db = await open();
    const roller = createRoller({ db, log: silentLogger, batchSize: 7 });
    let projectCount = 0;
    await fc.assert(
      fc.asyncProperty(history, fc.constantFrom(...faults), async (steps, { sql }) => {
        projectCount += 1;
        const { projectId, play } = createPlayer(db, projectCount);
        for (const step of steps) await play(step);
        const [series] = await db.query<{ id: number }>(
          "select coalesce(max(id), 0) as id from metric_series where environment is not null",
        );
        await db.query(sql, [series?.id]);
        const hours = [HISTORY_FROM, HISTORY_TO].map((moment) => moment.getTime() / 3_600_000);
        await db.transaction(async (tx) => {
          await repairRollup(tx, hours[0] ?? 0, hours[1] ?? 0);
          await repairReasons(tx, hours[0] ?? 0, hours[1] ?? 0);
        });
        await expectPlainMetrics(db, { projectId, from: HISTORY_FROM, to: HISTORY_TO, bucket: "day", by: ["model"] });
        await roller.rollAll();
        await expectHealthyRollup(db, HISTORY_FROM, HISTORY_TO);
        await expectPlainMetrics(db, { projectId, from: HISTORY_FROM, to: HISTORY_TO, bucket: "day", by: [] });
      }),
      { interruptAfterTimeLimit: 60_000, numRuns: 25 },
    );
    expect(projectCount).toBeGreaterThan(1);
  });
});

describe("a repair beside others on Postgres", () => {
  async function withPostgres(work: (db: Database) => Promise<void>): Promise<void> {
    const opened = await openTestPostgres();
    try {
      await fill(opened.db);
      await work(opened.db);
    } finally {
      await opened.drop();
    }
  }
  const hours = [from.getTime() / 3_600_000, to.getTime() / 3_600_000] as const;

  it("loses nothing of a writer that commits after it, and is not held up by one", async () => {
    await withPostgres(async (db) => {
      await db.query("update ai_metrics_hourly set accepted_count = 0");
      const commitLate = await openTransaction(db, (tx) =>
        tx.query(
          "update ai_suggestions set latency_ms = 7, function_name = 'late' where function_name = 'suggest-1' and environment is not null",
        ),
      );
      await db.transaction(async (tx) => {
        await tx.query("set local lock_timeout = '1s'");
        await repairRollup(tx, ...hours);
      });
      await commitLate();
      await createRoller({ db, log: silentLogger }).rollAll();
      await expectPlainMetrics(db, { ...month, bucket: "total", by: ["function"] });
      expect((await check(db)).found).toEqual([]);
    });
  });

  it("waits for another repair, and then finds nothing left to mend", async () => {
    await withPostgres(async (db) => {
      await db.query("delete from ai_metrics_hourly");
      const commitFirst = await openTransaction(db, (tx) => repairRollup(tx, ...hours));
      const second = db.transaction((tx) => repairRollup(tx, ...hours));
      await expect
        .poll(async () => (await db.query("select 1 from pg_locks where locktype = 'advisory' and not granted")).length)
        .toBe(1);
      await commitFirst();
      await second;
      await createRoller({ db, log: silentLogger }).rollAll();
      await expectHealthyRollup(db, from, to);
    });
  });
});

describeOnPostgres("the check of the night", (open) => {
  it("is done by one of many workers, logged, and again the next night", async () => {
    const db = await open();
    await fill(db);
    const logged: unknown[] = [];
    const log: Logger = {
      info: (event, facts) => logged.push([event, facts?.["differenceCount"]]),
      warn: (event, facts) => logged.push([event, facts?.["differenceCount"] ?? facts?.["kind"]]),
      error: (event) => logged.push([event]),
    };
    const workers = [1, 2, 3].map(() => createNightlyCheck({ db, log, now: Date.now }));
    const night = new Date("2026-03-20T03:17Z");
    const answers = await Promise.all(workers.map((worker) => worker.runOnce(night)));
    expect(answers.toSorted()).toEqual(["checked", "taken", "taken"]);
    expect(logged).toEqual([["rollup.check", 0]]);

    await db.query(
      "update ai_metrics_daily set day = day + 500 where day = (select max(day) from ai_metrics_daily where day < $1)",
      [Math.floor(night.getTime() / 86_400_000)],
    );
    expect(await workers[0]?.runOnce(new Date(night.getTime() + 86_400_000))).toBe("checked");
    expect(logged.at(-1)).toEqual(["rollup.check", logged.length - 2]);
    expect(logged.length).toBeGreaterThan(2);
    expect(
      await db.query("select difference_count as n from rollup_checks where finished_at is not null order by slot"),
    ).toEqual([{ n: 0 }, { n: logged.length - 2 }]);
    for (const worker of workers) {
      worker.start();
      await worker.stop();
    }
  });
});
