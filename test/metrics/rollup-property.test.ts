import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { metricsDimensions } from "../../src/domain/metrics-request.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { expectHealthyRollup, expectPlainMetrics } from "./expect-plain.ts";
import { expectPlainViews } from "./expect-plain-views.ts";
import { createPlayer, event, history, HISTORY_FROM, HISTORY_TO, moment, suggestion } from "./random-history.ts";

const hourMs = 3_600_000;
/** A failing history is made smaller for so long; then it is shown as it is. */
const limits = { interruptAfterTimeLimit: 60_000 };
/** By the hour only over days, as every hour has a row. */
const queryShape = fc.record({
  bucket: fc.constantFrom("day", "total"),
  by: fc.subarray([...metricsDimensions]),
  zone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"),
} as const);

/** Some hours beside one another. */
const someHours = fc.tuple(moment, fc.integer({ min: 1, max: 30 })).map(([start, count]) => {
  const from = new Date(Math.floor(Date.parse(start) / hourMs) * hourMs);
  return { from, to: new Date(from.getTime() + count * hourMs), bucket: "hour" as const };
});

/** A range of whole hours that may cut the history anywhere. */
const range = fc.tuple(moment, moment).map(([a, b]) => {
  const [first = 0, last = 0] = [Date.parse(a), Date.parse(b)].toSorted((x, y) => x - y);
  return {
    from: new Date(Math.floor(first / hourMs) * hourMs),
    to: new Date(Math.floor(last / hourMs) * hourMs + hourMs),
  };
});

describeEachDatabase("metrics over random histories", (open) => {
  let db: Database;
  let projectCount = 0;

  beforeAll(async () => {
    db = await open();
    // Hours are UTC whatever the session's own time zone is.
    if (db.kind === "embedded") await db.query("set time zone 'America/St_Johns'");
  });

  it("equal a plain recomputation, before and after what is waiting is rolled up", { timeout: 180_000 }, async () => {
    const roller = createRoller({ db, log: silentLogger, batchSize: 7 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({ steps: history, shape: queryShape, otherShape: queryShape, part: range, hours: someHours }),
        async ({ steps, shape, otherShape, part, hours }) => {
          projectCount += 1;
          const { projectId, play } = createPlayer(db, projectCount);
          for (const step of steps) await play(step);
          const whole = { projectId, from: HISTORY_FROM, to: HISTORY_TO };
          await expectPlainMetrics(db, { ...whole, ...shape });
          await expectPlainViews(db, { ...whole, now: HISTORY_TO });
          await expectHealthyRollup(db, HISTORY_FROM, HISTORY_TO);
          await roller.rollAll();
          expect(await db.query("select from rollup_deltas union all select from rollup_reason_deltas")).toEqual([]);
          await expectHealthyRollup(db, HISTORY_FROM, HISTORY_TO);
          await expectPlainMetrics(db, { ...whole, ...shape });
          await expectPlainMetrics(db, { projectId, ...part, ...otherShape });
          await expectPlainMetrics(db, { projectId, ...hours, by: otherShape.by });
          await expectPlainViews(db, { projectId, ...part, now: HISTORY_TO });
        },
      ),
      { ...limits, numRuns: db.kind === "embedded" ? 25 : 20 },
    );
  });

  it("do not depend on the order in which suggestions and feedback arrive", { timeout: 180_000 }, async () => {
    const arrivals = fc.tuple(
      fc.uniqueArray(suggestion, { minLength: 1, maxLength: 8, selector: ({ slot }) => slot }),
      // Repeating a key with other content is the one thing where the first to come wins, so no keys here.
      fc
        .uniqueArray(event, { maxLength: 12, selector: ({ order }) => order })
        .map((events) => events.map((one) => ({ ...one, key: null }))),
    );
    const shuffled = arrivals.chain(([suggestions, events]) => {
      const all = [
        ...suggestions.map((value) => ({ kind: "suggestion" as const, value })),
        ...events.map((value) => ({ kind: "feedback" as const, value })),
      ];
      return fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }));
    });
    await fc.assert(
      fc.asyncProperty(shuffled, queryShape, async (orders, shape) => {
        const results = [];
        for (const order of orders) {
          projectCount += 1;
          const player = createPlayer(db, projectCount);
          for (const one of order) {
            await (one.kind === "suggestion" ? player.insert([one.value]) : player.feedback([one.value]));
          }
          results.push(
            await readMetrics(db, { projectId: player.projectId, from: HISTORY_FROM, to: HISTORY_TO, ...shape }),
          );
        }
        expect(results[1]).toEqual(results[0]);
      }),
      { ...limits, numRuns: db.kind === "embedded" ? 50 : 30 },
    );
  });

  it("take names of any length, told apart, and do not stop for them", async () => {
    const own = await open();
    // Longer than a key of an index may be, and random, so that compression does not save it.
    const long = Array.from({ length: 4 }, () => randomBytes(3000).toString("base64"));
    const names = [...long, `${long[0]} again`, "short"];
    await own.query(
      `insert into ai_suggestions (suggested_response, project_id, function_name, model, prompt_version, environment, created_at)
       select 'text', p, n, n, n, n, $2 from unnest($1::text[]) n, unnest(array[$3, 'p']) p`,
      [names, HISTORY_FROM, long[0]],
    );
    await createRoller({ db: own, log: silentLogger }).rollAll();
    for (const projectId of ["p", long[0] ?? ""]) {
      const query = { projectId, from: HISTORY_FROM, to: HISTORY_TO, bucket: "total", by: metricsDimensions } as const;
      const rows = await readMetrics(own, query);
      expect(rows.map(({ suggestionCount }) => suggestionCount)).toEqual(names.map(() => 1));
    }
    await expectHealthyRollup(own, HISTORY_FROM, HISTORY_TO);
  });

  it("follow a row whose id changes with its values", async () => {
    const own = await open();
    await own.query(
      "insert into ai_suggestions (suggested_response, project_id, model, created_at) values ('text', 'p', 'old', $1)",
      [HISTORY_FROM],
    );
    await own.query("update ai_suggestions set id = gen_random_uuid(), model = 'new', cost_usd = 2");
    const query = { projectId: "p", from: HISTORY_FROM, to: HISTORY_TO, bucket: "total", by: ["model"] } as const;
    const [row, ...others] = await readMetrics(own, query);
    expect(row).toMatchObject({ suggestionCount: 1, costUsd: 2, dimensions: { model: "new" } });
    expect(others).toEqual([]);
  });

  it("take a cost that is no number for unknown, so that it can be taken back", async () => {
    const own = await open();
    await own.query(
      `insert into ai_suggestions (suggested_response, project_id, cost_usd, created_at)
       select 'text', 'p', cost, $1 from unnest(array['NaN', 'Infinity', 2]::numeric[]) cost`,
      [HISTORY_FROM],
    );
    await createRoller({ db: own, log: silentLogger }).rollAll();
    const query = { projectId: "p", from: HISTORY_FROM, to: HISTORY_TO, bucket: "total", by: [] } as const;
    const [row] = await readMetrics(own, query);
    expect(row).toMatchObject({ suggestionCount: 3, costUsd: 2, costKnownCount: 1 });
  });

  it("keep hourly histograms in step with their counts, and short ones with what was appended to them", async () => {
    const broken = await db.query(
      `select 1 from ai_metrics_hourly
       where exists (
           select from (
             select 1, b, sum(n) as total from unnest(latency_buckets, latency_counts) u (b, n) group by b
             union all
             select 2, b, sum(n) from unnest(first_token_buckets, first_token_counts) u (b, n) group by b
             union all
             select 3, b, sum(n) from unnest(feedback_time_buckets, feedback_time_counts) u (b, n) group by b
             union all
             select 4, k, sum(n) from unnest(confidence_keys, confidence_counts) u (k, n) group by k
             union all
             select 5, null, n from unnest(error_type_counts) n
           ) added where total < 0 or total is null
         )
         or cardinality(confidence_keys) <> cardinality(confidence_ppm_sums)
         or greatest(cardinality(latency_buckets), cardinality(first_token_buckets), cardinality(feedback_time_buckets)) > 540
         or error_count <> (select coalesce(sum(n), 0) from unnest(error_type_counts) n)
         or latency_count <> (select coalesce(sum(n), 0) from unnest(latency_counts) n)`,
    );
    const [rolled] = await db.query<{ count: number }>(
      "select count(*) from ai_metrics_hourly where cardinality(confidence_keys) > 8",
    );
    expect(rolled?.count).toBeGreaterThan(0);
    expect(broken).toEqual([]);
  });
});

describe("a query for metrics", () => {
  it("is refused with the field's name when it makes no sense", async () => {
    const db = { query: () => Promise.reject(new Error("not reached")) };
    const good = { projectId: "p", from: HISTORY_FROM, to: HISTORY_TO, bucket: "day", by: [] } as const;
    await expect(readMetrics(db, { ...good, to: HISTORY_FROM })).rejects.toThrow("metrics.to");
    await expect(readMetrics(db, { ...good, from: new Date("?") })).rejects.toThrow("metrics.from");
    await expect(readMetrics(db, { ...good, bucket: "week" as "day" })).rejects.toThrow('metrics.bucket: got "week"');
    await expect(readMetrics(db, { ...good, by: ["agent" as "model"] })).rejects.toThrow('metrics.by: got "agent"');
  });
});
