import { randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { silentLogger, type Logger } from "../../src/domain/logger.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { watch } from "../support/exposition.ts";

const track = (db: Queryable): Promise<unknown> =>
  db.query("insert into ai_suggestions (id, suggested_response, status) values ($1, 'text', 'completed')", [
    randomUUID(),
  ]);

async function countOf(db: Queryable, source: "rollup_deltas" | "ai_metrics_hourly"): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    // Without the totals, which count everything again.
    `select coalesce(sum(suggestion_count), 0)::integer as count from ${source}
     where series_id is null or series_id in (select id from metric_series where environment is not null)`,
  );
  return row?.count ?? 0;
}

describeEachDatabase("the roller", (open) => {
  it("rolls everything that waits, batch by batch, and tells how much", async () => {
    const db = await open();
    for (let i = 0; i < 7; i += 1) await track(db);
    const { instruments, read } = watch();
    const roller = createRoller({ db, log: silentLogger, batchSize: 3, instruments });
    expect(await roller.rollAll()).toBe(7);
    expect((await read()).value("uptake_rollup_rolled_deltas_total")).toBe(7);
    expect(await roller.rollAll()).toBe(0);
    expect(await countOf(db, "rollup_deltas")).toBe(0);
    expect(await countOf(db, "ai_metrics_hourly")).toBe(7);
  });

  it("goes on rolling what comes until it is stopped, then leaves what comes alone", async () => {
    const db = await open();
    const roller = createRoller({ db, log: silentLogger, everyMs: 5 });
    roller.start();
    roller.start();
    for (const expected of [1, 2]) {
      await track(db);
      await expect.poll(() => countOf(db, "ai_metrics_hourly"), { timeout: 10_000 }).toBe(expected);
    }
    await roller.stop();
    await track(db);
    expect(await countOf(db, "rollup_deltas")).toBe(1);
  });
});

describe("the roller's loop", () => {
  /** A database that fails so many times before every query rolls nothing. */
  function failing(times: number): { db: Queryable; asked: () => number } {
    let asked = 0;
    const query: Database["query"] = async <Row>() => {
      asked += 1;
      if (asked <= times) throw new Error("database away");
      return [] as Row[];
    };
    return { db: { query }, asked: () => asked };
  }

  it("logs an error, tries again, and says when it is over", async () => {
    const events: string[] = [];
    const log: Logger = { info: (event) => events.push(event), warn() {}, error: (event) => events.push(event) };
    const { db } = failing(2);
    const { instruments, read } = watch();
    const roller = createRoller({ db, log, everyMs: 1, instruments });
    roller.start();
    await expect.poll(() => events, { timeout: 5000 }).toEqual(["rollup.failed", "rollup.failed", "rollup.recovered"]);
    await roller.stop();
    expect((await read()).value("uptake_rollup_failures_total")).toBe(2);
  });

  it("waits longer after every failure in a row", async () => {
    const waits: unknown[] = [];
    const log: Logger = { ...silentLogger, error: (_event, facts) => waits.push(facts?.["retryInMs"]) };
    const roller = createRoller({ db: failing(100).db, log, everyMs: 2 });
    roller.start();
    await vi.waitFor(() => expect(waits.length).toBeGreaterThanOrEqual(4), { timeout: 5000 });
    await roller.stop();
    expect(waits.slice(0, 4)).toEqual([4, 8, 16, 32]);
  });

  it("stops at once though its pause is long, once, and without having been started too", async () => {
    const { db, asked } = failing(0);
    const roller = createRoller({ db, log: silentLogger, everyMs: 3_600_000 });
    roller.start();
    await expect.poll(asked).toBe(4);
    const stopped = roller.stop();
    expect(roller.stop()).toBe(stopped);
    await stopped;
    const unstarted = createRoller({ db, log: silentLogger });
    await unstarted.stop();
    unstarted.start();
    expect(asked()).toBe(4);
  });
});
