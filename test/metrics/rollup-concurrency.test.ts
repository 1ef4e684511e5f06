import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Logger } from "../../src/domain/logger.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openTestPostgres } from "../support/databases.ts";
import { expectHealthyRollup, expectPlainMetrics } from "./expect-plain.ts";

const whole = {
  projectId: "default",
  from: new Date("2026-03-01T00:00Z"),
  to: new Date("2026-03-02T00:00Z"),
  by: [],
} as const;
/** A minute finds more: `UPTAKE_TEST_WRITING_MS=60000`. */
const writingMs = Number(process.env["UPTAKE_TEST_WRITING_MS"] ?? 8_000);

class GivenUp extends Error {}

/** Writes transactions until the deadline: some slow, some rolled back, feedback for anybody's suggestions, early too. */
async function write(
  db: Database,
  ids: string[],
  deadline: number,
): Promise<{ committed: number; rolledBack: number }> {
  const done = { committed: 0, rolledBack: 0 };
  const random = (n: number): number => Math.floor(Math.random() * n);
  while (Date.now() < deadline) {
    const batch = Array.from({ length: 1 + random(8) }, () => randomUUID());
    // Known to the others before they are committed, some of them never.
    ids.push(...batch);
    const judged = [...new Set(Array.from({ length: 4 }, () => ids[random(ids.length)]))];
    try {
      await db.transaction(async (tx) => {
        await insertSuggestions(tx, batch);
        if (random(10) === 0) await tx.query("select pg_sleep($1)", [random(300) / 1000]);
        await insertFeedback(tx, judged);
        if (random(10) === 0) await tx.query("select pg_sleep(0.02)");
        if (random(8) === 0) throw new GivenUp();
        if (random(4) === 0) {
          await tx.query(
            "update ai_suggestions set latency_ms = latency_ms * 2, model = 'other' where id = any ($1::uuid[])",
            [batch],
          );
        }
      });
      done.committed += 1;
    } catch (error) {
      // Two transactions that judge the same suggestions in different order may deadlock; the loser has written nothing.
      if (!(error instanceof GivenUp) && !/deadlock/.test(String(error))) throw error;
      done.rolledBack += 1;
    }
  }
  return done;
}

const insertSuggestions = (tx: Queryable, ids: readonly string[]): Promise<unknown> =>
  tx.query(
    `insert into ai_suggestions (id, suggested_response, function_name, model, status, created_at, latency_ms, cost_usd)
     select id, 'text', 'suggest-' || floor(random() * 3), 'small', case when random() < 0.1 then 'error' else 'completed' end,
       '2026-03-01T00:00Z'::timestamptz + floor(random() * 80000) * interval '1 second', floor(random() * 5000), 0.001
     from unnest($1::uuid[]) id`,
    [ids],
  );

const insertFeedback = (tx: Queryable, ids: readonly (string | undefined)[]): Promise<unknown> =>
  tx.query(
    `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, source, created_at)
     select id, (array['approval', 'revision', 'rejection'])[1 + floor(random() * 3)::integer], 'because',
       (array['explicit', 'inferred'])[1 + floor(random() * 2)::integer],
       '2026-03-02T00:00Z'::timestamptz + floor(random() * 80000) * interval '1 second'
     from unnest($1::uuid[]) id`,
    [ids],
  );

/** Reads until the deadline. No suggestion is ever deleted here, so a count that falls has seen a roll by half. */
async function readOn(db: Database, deadline: number): Promise<{ reads: number; fell: string[] }> {
  const fell: string[] = [];
  let last = 0;
  let reads = 0;
  while (Date.now() < deadline) {
    const [row] = await readMetrics(db, { ...whole, bucket: "total" });
    const now = row?.suggestionCount ?? 0;
    if (now < last) fell.push(`${last} -> ${now}`);
    last = now;
    reads += 1;
  }
  return { reads, fell };
}

describe("writers and rollers side by side on Postgres", () => {
  let db: Database;
  let close: () => Promise<void>;

  beforeEach(async () => {
    const opened = await openTestPostgres();
    db = await openPostgres({ url: opened.url, maxConnections: 16 });
    close = async () => {
      await db.close();
      await opened.drop();
    };
  });
  afterEach(() => close());

  it("lose nothing, count nothing twice, and are never seen by half", { timeout: 60_000 + 4 * writingMs }, async () => {
    const failures: unknown[] = [];
    const log: Logger = { info() {}, warn() {}, error: (event, facts) => failures.push([event, facts]) };
    const rollers = [1, 2].map(() => createRoller({ db, log, everyMs: 5, batchSize: 20 }));
    for (const roller of rollers) roller.start();

    const deadline = Date.now() + writingMs;
    const ids: string[] = [];
    const [reader, ...writers] = await Promise.all([
      readOn(db, deadline),
      ...[1, 2, 3, 4, 5, 6, 7, 8].map(() => write(db, ids, deadline)),
    ]);
    await Promise.all(rollers.map((roller) => roller.stop()));
    const [halfway] = await db.query<{ count: number }>("select count(*)::integer as count from ai_metrics_hourly");
    await rollers[0]?.rollAll();

    expect(failures).toEqual([]);
    expect(reader.fell).toEqual([]);
    expect(reader.reads).toBeGreaterThan(10);
    expect(halfway?.count).toBeGreaterThan(0);
    for (const { committed, rolledBack } of writers) {
      expect(committed).toBeGreaterThan(5);
      expect(rolledBack).toBeGreaterThan(0);
    }
    await expectPlainMetrics(db, { ...whole, bucket: "hour", by: ["function", "model"] });
    await expectPlainMetrics(db, { ...whole, bucket: "total" });
    await expectHealthyRollup(db, whole.from, whole.to);
    expect(await db.query("select 1 from rollup_deltas")).toEqual([]);
  });
});
