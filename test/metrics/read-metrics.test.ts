import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { readCalibration } from "../../src/metrics/read-calibration.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { readReasons } from "../../src/metrics/read-reasons.ts";
import { readSurvival } from "../../src/metrics/read-survival.ts";
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

  it.each(["function", "model", "promptVersion", "environment"] as const)(
    "narrows every view down to one %s, rolled or not, as splitting by it does",
    async (dimension) => {
      const db = await open();
      await db.query(
        `insert into ai_suggestions (suggested_response, status, function_name, model, prompt_version, environment, created_at,
           latency_ms, confidence_score, outcome, shown_at, decided_at, deciding_feedback_at, deciding_reasons)
         select 'text', 'completed', 'f' || n % 2, 'm' || n % 3, 'v' || n % 5, case when n % 2 = 0 then 'live' end, t,
           n * 10, 0.5, case when n % 4 = 0 then 'rejected' else 'accepted' end, t, t + interval '1 min',
           t + interval '1 min', case when n % 4 = 0 then array['too long'] end
         from generate_series(1, 60) n, lateral (select '2026-03-01T00:30Z'::timestamptz + n * interval '1 hour') at (t)`,
      );
      const query = {
        ...question,
        from: at("01T00:00"),
        to: at("05T00:00"),
        bucket: "day",
        now: at("09T00:00"),
      } as const;
      for (let round = 0; round < 2; round++) {
        for (const read of [readMetrics, readReasons, readCalibration, readSurvival]) {
          const split = await read(db, { ...query, by: [dimension] });
          const names = new Set(split.flatMap(({ dimensions }) => dimensions[dimension] ?? []));
          expect(names.size).toBeGreaterThan(0);
          for (const name of names) {
            const narrowed = await read(db, { ...query, only: { [dimension]: name } });
            const ofName = split.filter(({ dimensions }) => dimensions[dimension] === name);
            expect(narrowed).toEqual(ofName.map((row) => ({ ...row, dimensions: {} })));
          }
        }
        const [byBand] = await readMetrics(db, {
          ...query,
          bucket: "total",
          by: ["confidenceBand"],
          only: { model: "m1" },
        });
        expect(byBand?.suggestionCount).toBe(20);
        await createRoller({ db, log: silentLogger }).rollAll();
      }
    },
  );

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

  it("leaves out the percentiles that are not asked for, and nothing else", async () => {
    const db = await open();
    const range = { from: at("01T00:00"), to: at("01T03:00") };
    await db.query(
      `insert into ai_suggestions (suggested_response, function_name, status, confidence_score, latency_ms, time_to_first_token_ms, created_at)
       select 'text', 'f' || i % 2, 'completed', 0.7, 100 * i, 10 * i, '2026-03-01T01:00Z' from generate_series(1, 9) i`,
    );
    await createRoller({ db, log: silentLogger }).rollAll();
    for (const by of [[], ["function"], ["function", "model"], ["confidenceBand"]] as const) {
      const all = await readMetrics(db, { ...question, ...range, by });
      const some = await readMetrics(db, { ...question, ...range, by, durations: ["latency"] });
      expect(some).toEqual(
        all.map((row) => ({
          ...row,
          timeToFirstTokenP50Ms: null,
          timeToFirstTokenP90Ms: null,
          timeToFirstTokenP95Ms: null,
          timeToFirstTokenP99Ms: null,
          timeToFirstTokenKnownCount: null,
          timeToFeedbackKnownCount: null,
        })),
      );
      expect(some.some(({ latencyP50Ms }) => latencyP50Ms !== null)).toBe(true);
    }
  });

  it("refuses a duration that there is not", async () => {
    const db = await open();
    const range = { from: at("01T00:00"), to: at("01T03:00") };
    const durations = ["time"] as unknown as ["latency"]; // as from JavaScript
    await expect(readMetrics(db, { ...question, ...range, durations })).rejects.toThrow("latency, timeToFirstToken");
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

  it("takes a total only where nothing finer is asked for, and the histograms that are asked for", () => {
    expect(planOf({})).toMatchObject({ level: "project" });
    expect(planOf({ by: ["function"] })).toMatchObject({ level: "function" });
    expect(planOf({ by: ["function", "model"] })).toMatchObject({ level: "series" });
    expect(planOf({}).durations).toEqual({ latency: true, timeToFirstToken: true, timeToFeedback: true });
    expect(planOf({ durations: ["latency"] }).durations).toEqual({
      latency: true,
      timeToFirstToken: false,
      timeToFeedback: false,
    });
  });
});
