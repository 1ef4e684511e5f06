import { describe, expect, it, onTestFinished } from "vitest";
import { parseWindows, type ExpiryWindows } from "../../src/domain/expiry.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createExpirer, type Expirer } from "../../src/feedback/expirer.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { describeOnPostgres, openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { openTransaction } from "../metrics/open-transaction.ts";
import { sampleRecord } from "../mirror/rows.ts";
import { insertSuggestion, serviceOn, standingOf } from "./rows.ts";

const DAY_MINUTES = 1440;

function expirerOn(
  db: Database,
  options: { windows?: string; abandonAfterMs?: number | null; batchSize?: number } = {},
) {
  const windows: ExpiryWindows = {
    ...(parseWindows(options.windows ?? "7d") ?? { expireAfterMs: null, byFunction: new Map() }),
    abandonAfterMs: options.abandonAfterMs === undefined ? 900_000 : options.abandonAfterMs,
  };
  const { batchSize = 500 } = options;
  return createExpirer({ db, log: silentLogger, projectId: "default", windows, everyMs: 20, batchSize });
}

async function counted(db: Database) {
  const range = { from: new Date(0), to: new Date("2100-01-01T00:00:00Z") };
  const [sums] = await readMetrics(db, { projectId: "default", ...range, bucket: "total", by: [] });
  return sums;
}

describeOnPostgres("the expirer", (open) => {
  it("expires what nobody has acted on within its window, counted from when it was shown", async () => {
    const db = await open();
    const due = await insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES });
    const young = await insertSuggestion(db, { ageMinutes: 6 * DAY_MINUTES });
    const seen = await insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES });
    const judged = await insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES });
    const failed = await insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES, status: "error" });
    const foreign = await insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES, projectId: "other" });
    const { shown, feedback } = serviceOn(db);
    await shown(seen);
    await feedback({ suggestionId: judged, type: "approval" });
    const expirer = expirerOn(db);
    expect(await expirer.expireAll()).toEqual({ expiredCount: 1, abandonedCount: 0 });
    expect(await expirer.expireAll()).toEqual({ expiredCount: 0, abandonedCount: 0 });
    const outcomes = await Promise.all([due, young, seen, judged, failed, foreign].map((id) => standingOf(db, id)));
    expect(outcomes.map((row) => row?.outcome)).toEqual([
      "expired",
      "pending",
      "pending",
      "accepted",
      "pending",
      "pending",
    ]);
    expect(await counted(db)).toMatchObject({ expiredCount: 1, acceptedCount: 1, suggestionCount: 5 });
  });

  it("has a window for every agent function that differs, and may never expire one", async () => {
    const db = await open();
    const made = (functionName: string, days: number) =>
      insertSuggestion(db, { functionName, ageMinutes: days * DAY_MINUTES });
    const ids = await Promise.all([made("draft", 3), made("reply", 3), made("classify", 300), made("reply", 8)]);
    const expirer = expirerOn(db, { windows: "7d,draft=2d,classify=never" });
    expect(await expirer.expireAll()).toMatchObject({ expiredCount: 2 });
    const outcomes = await Promise.all(ids.map((id) => standingOf(db, id)));
    expect(outcomes.map((row) => row?.outcome)).toEqual(["expired", "pending", "pending", "expired"]);
    expect(await expirerOn(db, { windows: "never" }).expireAll()).toMatchObject({ expiredCount: 0 });
    expect(await expirerOn(db, { windows: "never,reply=1d" }).expireAll()).toMatchObject({ expiredCount: 1 });
  });

  it("lets late feedback decide an expired suggestion: the count moves and never doubles", async () => {
    const db = await open();
    const suggestionId = await insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES });
    await expirerOn(db).expireAll();
    await serviceOn(db).feedback({ suggestionId, type: "approval" });
    expect(await standingOf(db, suggestionId)).toMatchObject({ outcome: "accepted" });
    expect(await counted(db)).toMatchObject({ expiredCount: 0, acceptedCount: 1, suggestionCount: 1 });
    expect(await expirerOn(db).expireAll()).toMatchObject({ expiredCount: 0 });
  });

  it("closes rows whose call died as errors, and leaves those that somebody has just touched", async () => {
    const db = await open();
    const dead = await insertSuggestion(db, { ageMinutes: 20, status: "pending", text: "Processing..." });
    const running = await insertSuggestion(db, { ageMinutes: 5, status: "pending", text: "Processing..." });
    const again = await insertSuggestion(db, { ageMinutes: 20, status: "pending", text: "Processing..." });
    await db.query("update ai_suggestions set updated_at = now() where id = $1", [again]);
    expect(await expirerOn(db, { abandonAfterMs: null }).expireAll()).toMatchObject({ abandonedCount: 0 });
    expect(await expirerOn(db).expireAll()).toEqual({ expiredCount: 0, abandonedCount: 1 });
    expect(await standingOf(db, dead)).toEqual({ outcome: "pending", status: "error", errorType: "abandoned" });
    expect(await standingOf(db, running)).toMatchObject({ status: "pending" });
    expect(await standingOf(db, again)).toMatchObject({ status: "pending" });
    expect(await db.query("select ref from langfuse_outbox where kind = 'trace'")).toEqual([{ ref: dead }]);
    expect(await counted(db)).toMatchObject({ errorCount: 1, completedCount: 0 });
  });

  it("lets a late answer complete an abandoned row, by a plain update and by the tracker", async () => {
    const db = await open();
    const updated = await insertSuggestion(db, { ageMinutes: 20, status: "pending", text: "Processing..." });
    const record = sampleRecord(0);
    await insertSuggestion(db, { id: record.id, ageMinutes: 20, status: "pending", text: "Processing..." });
    expect(await expirerOn(db).expireAll()).toMatchObject({ abandonedCount: 2 });
    await db.query("update ai_suggestions set status = 'completed', suggested_response = 'At last' where id = $1", [
      updated,
    ]);
    await insertSuggestions(db, [rowOf(record)]);
    for (const id of [updated, record.id]) {
      expect(await standingOf(db, id)).toEqual({ outcome: "pending", status: "completed", errorType: null });
    }
    expect(await counted(db)).toMatchObject({ errorCount: 0, completedCount: 2 });
    // Only what was given up is open again: a finished row stays as it is.
    await insertSuggestions(db, [rowOf({ ...record, suggestedResponse: "Once more" })]);
    const [row] = await db.query("select suggested_response as text from ai_suggestions where id = $1", [record.id]);
    expect(row).toEqual({ text: record.suggestedResponse });
  });

  it("works in batches until nothing is left, and stops between two of them", async () => {
    const db = await open();
    await Promise.all(Array.from({ length: 7 }, () => insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES })));
    const stopped = new AbortController();
    stopped.abort();
    expect(await expirerOn(db, { batchSize: 3 }).expireAll(stopped.signal)).toMatchObject({ expiredCount: 0 });
    expect(await expirerOn(db, { batchSize: 3 }).expireAll()).toMatchObject({ expiredCount: 7 });
  });

  it("works by itself once started, until it is stopped", async () => {
    const db = await open();
    const expirer = expirerOn(db);
    expirer.start();
    const id = await insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES });
    await eventually("it is expired", async () => (await standingOf(db, id))?.outcome === "expired");
    const stopping = expirer.stop();
    expect(expirer.stop()).toBe(stopping);
    await stopping;
  });
});

describe("expirers on a shared Postgres", () => {
  it("share the work, and leave a row that a person is just deciding", async () => {
    const opened = await openTestPostgres();
    const db = await openPostgres({ url: opened.url, maxConnections: 8 });
    onTestFinished(async () => {
      await db.close();
      await opened.drop();
    });
    const ids = await Promise.all(
      Array.from({ length: 40 }, () => insertSuggestion(db, { ageMinutes: 8 * DAY_MINUTES })),
    );
    const commit = await openTransaction(db, (tx) =>
      tx.query(`insert into ai_feedback_events (suggestion_id, feedback_type) values ($1, 'approval')`, [ids[7]]),
    );
    const expirers: Expirer[] = Array.from({ length: 4 }, () => expirerOn(db, { batchSize: 5 }));
    await Promise.all(expirers.map((expirer) => expirer.expireAll()));
    await expirerOn(db).expireAll();
    await commit();
    expect(await db.query("select outcome, count(*) as n from ai_suggestions group by 1 order by 1")).toEqual([
      { outcome: "accepted", n: 1 },
      { outcome: "expired", n: 39 },
    ]);
    expect(await counted(db)).toMatchObject({ expiredCount: 39, acceptedCount: 1 });
  });
});
