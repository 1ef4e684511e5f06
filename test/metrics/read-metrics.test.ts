import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { readCalibration } from "../../src/metrics/read-calibration.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { readReasons } from "../../src/metrics/read-reasons.ts";
import { planRead } from "../../src/metrics/read-plan.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import { timeBucketsOf } from "../../src/metrics/time-buckets.ts";
import { describeEachDatabase } from "../support/databases.ts";

const question = { projectId: "default", bucket: "hour", by: [], now: new Date("2026-03-01T11:20Z") } as const;
const at = (text: string): Date => new Date(`2026-03-${text}Z`);

describeEachDatabase("reading metrics", (open) => {
  it("has a row for every hour, an empty one where nothing happened, and marks the running one", async () => {
    const db = await open();
    await db.query(
      `insert into ai_suggestions (suggested_response, function_name, created_at)
       values ('text', 'a', '2026-03-01T09:10Z'), ('text', 'b', '2026-03-01T11:10Z')`,
    );
    const rows = await readMetrics(db, { ...question, from: at("01T09:00"), to: at("01T11:20"), by: ["function"] });
    expect(
      rows.map((row) => [row.bucketStart.getUTCHours(), row.dimensions.function, row.suggestionCount, row.isPartial]),
    ).toEqual([
      [9, "a", 1, false],
      [9, "b", 0, false],
      [10, "a", 0, false],
      [10, "b", 0, false],
      [11, "a", 0, true],
      [11, "b", 1, true],
    ]);
    expect(rows[1]).toMatchObject({ latencyP50Ms: null, costUsd: null, successRate: { value: null, denominator: 0 } });
  });

  it("reads days as days and the ragged ends as hours, and comes to the same", async () => {
    const db = await open();
    await db.query(
      `insert into ai_suggestions (suggested_response, created_at, latency_ms)
       select 'text', '2026-03-01T00:30Z'::timestamptz + n * interval '1 hour', n from generate_series(0, 95) n`,
    );
    await createRoller({ db, log: silentLogger }).rollAll();
    // What is read as days is not there as hours any more, and the other way round.
    await db.query("delete from ai_metrics_hourly where hour between 24 * 20514 and 24 * 20516 - 1");
    await db.query("delete from ai_metrics_daily where day not between 20514 and 20515");
    const range = { from: at("01T20:00"), to: at("04T03:00") };
    const [total] = await readMetrics(db, { ...question, ...range, bucket: "total" });
    expect(total?.suggestionCount).toBe(4 + 48 + 3);
    const days = await readMetrics(db, { ...question, ...range, bucket: "day", now: at("09T00:00") });
    expect(days.map(({ suggestionCount, isPartial }) => [suggestionCount, isPartial])).toEqual([
      [4, true],
      [24, false],
      [24, false],
      [3, true],
    ]);
  });

  it("refuses to split by band what is not kept by band", async () => {
    const db = await open();
    const query = { ...question, from: at("01T00:00"), to: at("02T00:00"), by: ["confidenceBand"] } as const;
    await expect(readReasons(db, query)).rejects.toThrow("reasons are not kept by confidenceBand");
    await expect(readCalibration(db, query)).rejects.toThrow("always by confidenceBand");
  });

  it("counts several reasons of one event each, against one denominator", async () => {
    const db = await open();
    await db.query(
      `insert into ai_suggestions (suggested_response, status, outcome, created_at, deciding_feedback_at, deciding_reasons)
       select 'text', 'completed', 'rejected', '2026-03-01T01:00Z', '2026-03-01T09:10Z', reasons::text[]
       from unnest(array['{too long,off-topic}', '{too long}', '{}', '{too long,too long}']) reasons`,
    );
    for (const roll of [false, true]) {
      if (roll) await createRoller({ db, log: silentLogger }).rollAll();
      const rows = await readReasons(db, { ...question, from: at("01T09:00"), to: at("01T10:00") });
      expect(rows.map(({ reason, share }) => [reason, share.numerator, share.denominator])).toEqual([
        ["too long", 3, 4],
        ["off-topic", 1, 4],
      ]);
    }
  });
});

describe("the plan of a read", () => {
  const range = { from: at("01T20:00"), to: at("04T03:00") };
  const planOf = (rest: object) => {
    const query = { ...question, ...range, ...rest };
    return planRead(query, timeBucketsOf(query));
  };

  it("takes days for totals and days of UTC, and none for hours and days of other zones", () => {
    expect(planOf({ bucket: "total" })).toMatchObject({ fromDay: 20_514, toDay: 20_516 });
    expect(planOf({ bucket: "day" })).toMatchObject({ fromDay: 20_514, toDay: 20_516 });
    for (const rest of [{ bucket: "hour" }, { bucket: "day", zone: "Europe/Berlin" }]) {
      const { fromDay, toDay } = planOf(rest);
      expect(fromDay).toBe(toDay);
    }
  });

  it("takes the total only where nothing is split, and the suggestions only for bands", () => {
    expect(planOf({})).toMatchObject({ isTotal: true, isRaw: false });
    expect(planOf({ by: ["model"] })).toMatchObject({ isTotal: false, isRaw: false });
    expect(planOf({ by: ["model", "confidenceBand"] })).toMatchObject({ isTotal: false, isRaw: true });
  });
});
