import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createHostMetrics, type HostMetrics } from "../../src/metrics/host-metrics.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { describeWithPartitions } from "../support/databases.ts";

const NINE = Date.parse("2026-03-02T09:00:00.000Z");
const minute = (n: number): string => new Date(NINE + n * 60_000).toISOString();

function writerOver(db: Database, now: number, everyMs = 1000): HostMetrics {
  return createHostMetrics({ db, log: silentLogger, projectId: "default", now: () => now, everyMs });
}

/** Suggestions at nine o'clock, one a name, with this confidence. */
async function suggest(db: Database, names: readonly string[]): Promise<void> {
  await db.query(
    `insert into ai_suggestions (id, suggested_response, status, confidence_score, function_name, created_at, latency_ms)
     select md5(name)::uuid, name, 'completed', 0.5, 'draft-reply', $2, 100 from unnest($1::text[]) name`,
    [names, minute(1)],
  );
}

type Act = { readonly on: string; readonly type: string; readonly at: string; readonly reason?: string };

async function judge(db: Database, { on, type, at, reason }: Act): Promise<void> {
  await db.query(
    `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, created_at, time_to_feedback)
     values (md5($1)::uuid, $2, $3, $4, $4::timestamptz - $5::timestamptz)`,
    [on, type, reason ?? null, at, minute(1)],
  );
}

/** `name dimension=value` → value, of the rows of one hour. */
async function figures(db: Database, hour: string): Promise<Record<string, number>> {
  const rows = await db.query<{ name: string; value: number }>(
    `select metric_name || coalesce(' ' || dimension_value, '') as name, metric_value as value
     from aggregated_metrics where period_start = $1 and period_end = $1::timestamptz + interval '1 hour'`,
    [hour],
  );
  expect(new Set(rows.map(({ name }) => name)).size, "no metric twice").toBe(rows.length);
  return Object.fromEntries(rows.map(({ name, value }) => [name, Math.round(value * 1000) / 1000]));
}

const [nineOClock, tenOClock] = [minute(0), minute(60)];
const halfPastEleven = NINE + 150 * 60_000;

describeWithPartitions("the host's hourly metrics", (open) => {
  it("hold the host's five by the hour of the act and ours by the hour of the suggestion", async () => {
    const db = await open();
    await suggest(db, ["one", "two", "three", "open"]);
    await judge(db, { on: "one", type: "approval", at: minute(2) });
    await judge(db, { on: "two", type: "rejection", at: minute(3), reason: "too generic" });
    await judge(db, { on: "three", type: "revision", at: minute(62), reason: "too generic" });
    await createRoller({ db, log: silentLogger }).rollAll();
    expect(await writerOver(db, halfPastEleven).writeAll()).toBe(2);

    expect(await figures(db, nineOClock)).toEqual({
      overall_acceptance_rate: 0.5,
      "rejection_rate_by_reason too generic": 1,
      "feedback_reason_count too generic": 1,
      "avg_confidence_score approval": 0.5,
      "avg_confidence_score rejection": 0.5,
      avg_time_to_feedback_seconds: 90,
      suggestion_count: 4,
      success_rate: 0.333,
      usable_rate: 0.667,
      error_rate: 0,
      latency_p50_ms: expect.closeTo(100, -1) as number,
      latency_p95_ms: expect.closeTo(100, -1) as number,
      "suggestion_count draft-reply": 4,
      "success_rate draft-reply": 0.333,
      "usable_rate draft-reply": 0.667,
      "error_rate draft-reply": 0,
      "latency_p50_ms draft-reply": expect.closeTo(100, -1) as number,
      "latency_p95_ms draft-reply": expect.closeTo(100, -1) as number,
    });
    expect(await figures(db, tenOClock)).toEqual({
      overall_acceptance_rate: 0,
      "rejection_rate_by_reason too generic": 0,
      "feedback_reason_count too generic": 1,
      "avg_confidence_score revision": 0.5,
      avg_time_to_feedback_seconds: 61 * 60,
    });
    const [rate] = await db.query(
      "select metadata from aggregated_metrics where metric_name = 'success_rate' and dimension is null",
    );
    expect(rate).toEqual({ metadata: { writer: "uptake", numerator: 1, denominator: 3 } });
  });

  it("restate every hour that a late act touches, and count a changed mind once, where it changed", async () => {
    const db = await open();
    await suggest(db, ["one", "two"]);
    await judge(db, { on: "one", type: "approval", at: minute(2) });
    await judge(db, { on: "two", type: "approval", at: minute(3) });
    const writer = writerOver(db, halfPastEleven);
    await writer.writeAll();
    expect(await figures(db, nineOClock)).toMatchObject({ overall_acceptance_rate: 1 });

    await judge(db, { on: "one", type: "rejection", at: minute(65), reason: "off-topic" });
    expect(await writer.writeAll()).toBe(2);
    expect(await figures(db, nineOClock)).toMatchObject({
      overall_acceptance_rate: 1,
      "avg_confidence_score approval": 0.5,
    });
    expect(await figures(db, tenOClock)).toMatchObject({
      overall_acceptance_rate: 0,
      "feedback_reason_count off-topic": 1,
    });

    await judge(db, { on: "two", type: "rejection", at: minute(70), reason: "off-topic" });
    await writer.writeAll();
    expect(await figures(db, nineOClock)).not.toHaveProperty("overall_acceptance_rate");
    expect(await figures(db, tenOClock)).toMatchObject({ "feedback_reason_count off-topic": 2 });
  });

  it("restate the hour of an act whose suggestion is deleted", async () => {
    const db = await open();
    await suggest(db, ["one", "two"]);
    await judge(db, { on: "one", type: "approval", at: minute(62) });
    await judge(db, { on: "two", type: "rejection", at: minute(63), reason: "off-topic" });
    const writer = writerOver(db, halfPastEleven);
    await writer.writeAll();
    await db.query("delete from ai_suggestions where suggested_response = 'one'");
    await writer.writeAll();
    expect(await figures(db, tenOClock)).toMatchObject({ overall_acceptance_rate: 0 });
    expect(await figures(db, tenOClock)).not.toHaveProperty("avg_confidence_score approval");
    await db.query("delete from ai_suggestions");
    await writer.writeAll();
    expect(await figures(db, tenOClock)).toEqual({});
  });

  it("take a reason of any length, and count one that an act gives twice once", async () => {
    const db = await open();
    await suggest(db, ["one", "two"]);
    // Random, so that compression does not make it fit into a key of an index.
    const long = Array.from({ length: 4000 }, (_, i) => createHash("md5").update(String(i)).digest("hex")[0]).join("");
    await judge(db, { on: "one", type: "rejection", at: minute(2), reason: long });
    await db.query(
      `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, feedback_reasons, created_at)
       values (md5('two')::uuid, 'revision', 'too long', array['too long', null, 'too long'], $1)`,
      [minute(3)],
    );
    await writerOver(db, halfPastEleven).writeAll();
    const counts = Object.entries(await figures(db, nineOClock)).filter(([name]) => name.startsWith("feedback_reason"));
    expect(counts).toContainEqual(["feedback_reason_count too long", 1]);
    expect(counts).toContainEqual([
      expect.stringMatching(`^feedback_reason_count ${long.slice(0, 87)}…[0-9a-f]{32}$`),
      1,
    ]);
    expect(counts).toHaveLength(2);
  });

  it("leave a longer period of the host's that begins with the hour as it is, and write all others", async () => {
    const db = await open();
    await db.query(
      `insert into aggregated_metrics (metric_type, metric_name, metric_value, dimension, dimension_value, period_start, period_end)
       values ('feedback', 'feedback_reason_count', 7, 'feedback_reason', 'off-topic', $1, $1::timestamptz + interval '1 day')`,
      [nineOClock],
    );
    await suggest(db, ["one", "two"]);
    await judge(db, { on: "one", type: "rejection", at: minute(2), reason: "off-topic" });
    await judge(db, { on: "two", type: "rejection", at: minute(3), reason: "too long" });
    expect(await writerOver(db, halfPastEleven).writeAll()).toBe(1);
    expect(await figures(db, nineOClock)).toMatchObject({ "feedback_reason_count too long": 1, success_rate: 0 });
    const days =
      "select metric_value as value from aggregated_metrics where period_end > period_start + interval '1 hour'";
    expect(await db.query(days)).toEqual([{ value: 7 }]);
  });

  it("leave alone what else the host keeps under the same types, before and after", async () => {
    const db = await open();
    const keep = (value: number, at: string): Promise<unknown> =>
      db.query(
        `insert into aggregated_metrics (metric_type, metric_name, metric_value, dimension, dimension_value, period_start, period_end)
         select type, name, $1, dimension, 'x', $2, $2::timestamptz + interval '1 hour'
         from (values ('feedback', 'avg_rating', 'shop'), ('feedback', 'overall_acceptance_rate', 'agent_id'),
           ('suggestion', 'word_count', 'shop')) own (type, name, dimension)`,
        [value, at],
      );
    await keep(1, nineOClock);
    await suggest(db, ["one"]);
    await judge(db, { on: "one", type: "approval", at: minute(2) });
    await writerOver(db, halfPastEleven).writeAll();
    const own = "select metric_value as value from aggregated_metrics where dimension_value = 'x'";
    expect(await db.query(own)).toHaveLength(3);
    await db.query("delete from aggregated_metrics where dimension_value = 'x'");
    await keep(2, nineOClock);
    expect(await db.query(own)).toEqual([{ value: 2 }, { value: 2 }, { value: 2 }]);
  });

  it("write no figure that they do not clear before", async () => {
    const db = await open();
    await suggest(db, ["one", "two"]);
    await db.query("update ai_suggestions set cost_usd = 1, shown_at = created_at");
    await judge(db, { on: "one", type: "rejection", at: minute(2), reason: "off-topic" });
    await writerOver(db, halfPastEleven).writeAll();
    const written = await db.query<{ isCleared: boolean }>(
      `select uptake_writes_metric(metric_type, metric_name, dimension) as "isCleared" from aggregated_metrics`,
    );
    expect(new Set(written.map(({ isCleared }) => isCleared))).toEqual(new Set([true]));
    expect(written).toHaveLength(5 + 2 * 8);
  });

  it("leave the running hour until it is over", async () => {
    const db = await open();
    await suggest(db, ["one"]);
    await judge(db, { on: "one", type: "approval", at: minute(2) });
    expect(await writerOver(db, NINE + 59 * 60_000).writeAll()).toBe(0);
    expect(await figures(db, nineOClock)).toEqual({});
    expect(await writerOver(db, NINE + 60 * 60_000).writeAll()).toBe(1);
    expect(await figures(db, nineOClock)).toMatchObject({ overall_acceptance_rate: 1 });
  });

  it("are written once by several writers side by side, and stay when they are written again", async () => {
    const db = await open();
    await suggest(db, ["one", "two"]);
    await judge(db, { on: "one", type: "approval", at: minute(2) });
    const written = await Promise.all([1, 2, 3].map(() => writerOver(db, halfPastEleven).writeAll()));
    expect(written.reduce((sum, count) => sum + count, 0)).toBe(1);
    const before = await figures(db, nineOClock);
    await db.query("insert into aggregated_metrics_due (hour) values ($1)", [NINE / 3_600_000]);
    expect(await writerOver(db, halfPastEleven).writeAll()).toBe(1);
    expect(await figures(db, nineOClock)).toEqual(before);
  });
});
