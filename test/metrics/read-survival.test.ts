import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { bucketOf, valueOf } from "../../src/domain/histogram.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { survivalCurve } from "../../src/domain/survival.ts";
import type { MetricsQuery } from "../../src/metrics/metrics-query.ts";
import { planWaits } from "../../src/metrics/read-plan.ts";
import { readSurvival, type SurvivalRow } from "../../src/metrics/read-survival.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { describeEachDatabase } from "../support/databases.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW = new Date("2026-03-29T11:20:00Z");
/** The last hours, days, and long enough ago to be read as days. */
const madeBeforeMs = fc.oneof(
  fc.integer({ min: 1, max: 5 * HOUR_MS }),
  fc.integer({ min: 1, max: 3 * DAY_MS }),
  fc.integer({ min: 1, max: 60 * DAY_MS }),
);
const history = fc.array(
  fc.record({
    madeBeforeMs,
    status: fc.constantFrom("completed", "completed", "completed", "accepted", "rejected", "error", "pending"),
    outcome: fc.constantFrom("pending", "pending", "expired", "auto_sent", "accepted", "revised", "rejected"),
    shownAfterMs: fc.option(fc.integer({ min: 0, max: 5 * MINUTE_MS }), { nil: null }),
    decidedAfterMs: fc.integer({ min: -MINUTE_MS, max: 3 * DAY_MS }),
    model: fc.constantFrom("small", "large"),
  }),
  { minLength: 1, maxLength: 60 },
);
type Made = typeof history extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

const isDecided = ({ outcome }: Made): boolean => ["accepted", "revised", "rejected"].includes(outcome);
const sinceMs = ({ madeBeforeMs, shownAfterMs }: Made): number => madeBeforeMs - (shownAfterMs ?? 0);

async function insert(db: Database, projectId: string, all: readonly Made[]): Promise<void> {
  const ago = (ms: number): Date => new Date(NOW.getTime() - ms);
  await db.query(
    `insert into ai_suggestions (suggested_response, project_id, status, outcome, model, created_at, shown_at, decided_at)
     select 'text', $1, r.status, r.outcome, r.model, r.created_at, r.shown_at, r.decided_at
     from json_populate_recordset(null::ai_suggestions, $2::json) r`,
    [
      projectId,
      JSON.stringify(
        all.map((one) => ({
          status: one.status,
          outcome: one.outcome,
          model: one.model,
          created_at: ago(one.madeBeforeMs),
          shown_at: one.shownAfterMs === null ? null : ago(sinceMs(one)),
          decided_at: isDecided(one) ? ago(sinceMs(one) - one.decidedAfterMs) : null,
        })),
      ),
    ],
  );
}

/** The curve, were every open one this much younger or older than it is. */
function shifted(all: readonly Made[], shift: (made: Made) => number): SurvivalRow["steps"] {
  const watched = all.filter(
    ({ status, outcome }) => !["error", "pending"].includes(status) && outcome !== "auto_sent",
  );
  return survivalCurve(
    watched.flatMap((one) => {
      const waitedMs = isDecided(one) ? one.decidedAfterMs : sinceMs(one) + shift(one);
      if ((isDecided(one) ? waitedMs : sinceMs(one)) <= 0) return [];
      const ended = Number(isDecided(one));
      return [{ atMs: valueOf(bucketOf(waitedMs)), endedCount: ended, censoredCount: 1 - ended }];
    }),
  );
}

/** By how much the rollup may be wrong about how long it has been since one was made. */
const errorMs = ({ madeBeforeMs: ms }: Made): number => Math.max(HOUR_MS / 2, ms * 0.02);

const timesOf = ({ steps }: SurvivalRow) => steps.map(({ atMs, endedCount }) => [Math.round(atMs), endedCount]);

/** Between two curves with the same steps. */
function expectBetween(
  { steps }: SurvivalRow,
  [low, high]: readonly [SurvivalRow["steps"], SurvivalRow["steps"]],
): void {
  steps.forEach(({ survival }, i) => {
    expect(survival).toBeGreaterThanOrEqual((low[i]?.survival ?? Infinity) - 1e-12);
    expect(survival).toBeLessThanOrEqual((high[i]?.survival ?? -Infinity) + 1e-12);
  });
}

describeEachDatabase("the survival curve", (open) => {
  let db: Database;
  let projectCount = 0;

  beforeAll(async () => {
    db = await open();
  });

  it("is from the rollup what it is from the suggestions, but for half an hour or 2 % of the age of open ones", async () => {
    const roller = createRoller({ db, log: silentLogger });
    await fc.assert(
      fc.asyncProperty(history, fc.boolean(), async (all, isRolled) => {
        const projectId = `project-${(projectCount += 1)}`;
        await insert(db, projectId, all);
        if (isRolled) await roller.rollAll();
        const from = new Date(NOW.getTime() - 61 * DAY_MS);
        const query: MetricsQuery = { projectId, from, to: NOW, bucket: "total", by: [], now: NOW };
        const [rolled] = await readSurvival(db, query);
        // Without a confidence all are in one band, and bands are read from the suggestions.
        const [raw] = await readSurvival(db, { ...query, by: ["confidenceBand"] });
        expect(rolled && { ...rolled, steps: timesOf(rolled), observedMs: 0, medianMs: 0 }).toEqual(
          raw && { ...raw, steps: timesOf(raw), observedMs: 0, medianMs: 0, dimensions: {} },
        );
        if (rolled === undefined || raw === undefined) return;
        const bounds = [
          shifted(all, (one) => -errorMs(one)),
          shifted(all, (one) => errorMs(one) + (one.shownAfterMs ?? 0)),
        ] as const;
        expectBetween(raw, bounds);
        expectBetween(rolled, bounds);
      }),
      { numRuns: db.kind === "embedded" ? 30 : 60 },
    );
  });

  it("is of the last hours what it is of their suggestions, to the millisecond", async () => {
    const projectId = "recent";
    const open: Omit<Made, "madeBeforeMs"> = {
      status: "completed",
      outcome: "pending",
      shownAfterMs: null,
      decidedAfterMs: 0,
      model: "small",
    };
    await insert(db, projectId, [
      ...[1, 70, 139].map((minutes) => ({ ...open, madeBeforeMs: minutes * MINUTE_MS })),
      { ...open, outcome: "accepted" as const, madeBeforeMs: 30 * MINUTE_MS, decidedAfterMs: 20 * MINUTE_MS },
    ]);
    const from = new Date("2026-03-29T09:00:00Z");
    const query: MetricsQuery = { projectId, from, to: NOW, bucket: "total", by: [], now: NOW };
    const [row] = await readSurvival(db, query);
    expect(row?.observedMs).toBeCloseTo(valueOf(bucketOf(139 * MINUTE_MS)), 6);
    // The one of the last minute is not at risk any more when, after twenty, there is feedback.
    expect(row?.steps).toMatchObject([{ atRiskCount: 3, endedCount: 1 }]);
  });

  it("does not look at suggestions that are over three hours old", async () => {
    const own = await open();
    const made: Made = {
      madeBeforeMs: 0,
      status: "completed",
      outcome: "pending",
      shownAfterMs: null,
      decidedAfterMs: HOUR_MS,
      model: "small",
    };
    const days = [0.5, 2, 30, 40].map((age) => ({ ...made, madeBeforeMs: age * DAY_MS }));
    await insert(own, "p", [
      ...days,
      ...days.map((one) => ({ ...one, outcome: "accepted" as const, model: "large" as const })),
    ]);
    await createRoller({ db: own, log: silentLogger }).rollAll();
    const from = new Date("2026-01-01T00:00:00Z");
    const query: MetricsQuery = { projectId: "p", from, to: NOW, bucket: "total", by: ["model"], now: NOW };
    const before = await readSurvival(own, query);
    expect(
      before.map(({ dimensions, decidedCount, openCount }) => [dimensions.model, decidedCount, openCount]),
    ).toEqual([
      ["large", 4, 0],
      ["small", 0, 4],
    ]);
    // Nothing counts what is taken away so.
    await own.query("truncate ai_suggestions cascade");
    expect(await readSurvival(own, query)).toEqual(before);
    // Days in which everything was made long ago are read as days, and their hours not at all.
    await own.query("delete from ai_metrics_hourly where hour < $1", [24 * 20_515]);
    expect(await readSurvival(own, query)).toEqual(before);
  });
});

describe("the plan of a survival curve", () => {
  const plan = (from: string, to: string, by: MetricsQuery["by"] = []) =>
    planWaits({ projectId: "p", from: new Date(from), to: new Date(to), bucket: "hour", by }, NOW);

  it("reads the running hour and the two before from the suggestions, and what was before from the rollup", () => {
    const nine = Date.parse("2026-03-29T09:00Z") / HOUR_MS;
    expect(plan("2026-03-29T00:00Z", "2026-03-29T12:00Z")).toMatchObject({
      rolled: { fromHour: nine - 9, toHour: nine, level: "project" },
      raw: { fromHour: nine, toHour: nine + 3 },
    });
    expect(plan("2026-03-29T00:00Z", "2026-03-29T08:00Z").raw).toBeNull();
    expect(plan("2026-03-29T10:00Z", "2026-03-29T12:00Z").rolled).toBeNull();
    expect(plan("2026-03-01T00:00Z", "2026-03-29T12:00Z", ["confidenceBand"]).rolled).toBeNull();
  });

  it("reads the open ones of days that are 25 days ago by the day", () => {
    const today = Date.parse("2026-03-29T00:00Z") / DAY_MS;
    expect(plan("2026-02-01T00:00Z", "2026-03-29T12:00Z").rolled).toMatchObject({
      openToDay: today - 25,
      toDay: today,
    });
    expect(plan("2026-03-20T00:00Z", "2026-03-29T12:00Z").rolled).toMatchObject({
      fromDay: today - 9,
      openToDay: today - 9,
    });
  });
});
