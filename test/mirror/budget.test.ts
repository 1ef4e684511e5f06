import { describe, expect, it, onTestFinished } from "vitest";
import type { DailyLimit, SamplingPolicy } from "../../src/domain/sampling.ts";
import type { Database } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { act, HOUR_MS, NOTHING, readLeftOut, refs, startSampled, suggest } from "./sampling-rig.ts";
import { readOutbox } from "./set-up.ts";

async function openDatabase(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

describe("a daily budget", () => {
  const DAY_MS = 24 * HOUR_MS;
  const noon = Date.parse("2026-03-02T12:00:00Z");

  it("leaves out by rule what is beyond it, and has errors wait for the next day", async () => {
    const db = await openDatabase();
    const clock = { ms: noon };
    const everything = { general: 1, byFunction: new Map<string, number>() };
    const policy = { ...NOTHING, rates: everything, dailyUnits: { amount: 10, stops: true } };
    const { after, book } = await startSampled(db, policy, { now: () => clock.ms, batchSize: 2, concurrency: 1 });
    // Three units each: root, generation and the trace itself.
    const made = [await suggest(db), await suggest(db), await suggest(db), await suggest(db)];
    const error = await suggest(db, { status: "error", error_type: "TimeoutError" });
    await after(0);
    expect(await refs(db)).toEqual(made.slice(0, 3).sort());
    expect(await readLeftOut(db)).toEqual([{ ref: made[3], rule: "budget", feedbackCount: 0 }]);
    expect((await readOutbox(db)).map(({ ref }) => ref)).toEqual([error]);
    expect(await db.query("select unit_count as n from langfuse_days")).toEqual([{ n: 9 }]);
    expect(book.named("mirror.budget_spent")).toHaveLength(1);
    expect(book.named("mirror.budget_warning").length).toBeLessThanOrEqual(1);

    // A revision brings back nothing that the budget left out; a rejection does.
    await act(db, made[3] ?? "", "revision");
    await after(0);
    expect(await readLeftOut(db)).toEqual([{ ref: made[3], rule: "budget", feedbackCount: 1 }]);
    await act(db, made[3] ?? "", "rejection");
    await after(0);
    expect(await readLeftOut(db)).toEqual([]);
    expect(await refs(db)).toHaveLength(3);

    for (let day = 0; day < 3; day += 1) {
      clock.ms += DAY_MS;
      await after(DAY_MS);
    }
    expect(await refs(db)).toEqual(expect.arrayContaining([...made, error]));
    const days = await db.query<{ n: number }>("select unit_count as n from langfuse_days order by day");
    expect(days.every(({ n }) => n <= 10)).toBe(true);
  });

  it("gives what is left of it to errors and rejections before all others", async () => {
    const db = await openDatabase();
    const policy = { ...NOTHING, rates: { general: 1, byFunction: new Map() }, dailyUnits: { amount: 7, stops: true } };
    const { after } = await startSampled(db, policy, { now: () => noon, batchSize: 10, concurrency: 1 });
    const dull = [await suggest(db), await suggest(db)];
    const error = await suggest(db, { status: "error", error_type: "TimeoutError" });
    await after(0);
    expect(new Set(await refs(db))).toEqual(new Set([dull[0], error]));
    expect(await readLeftOut(db)).toEqual([{ ref: dull[1], rule: "budget", feedbackCount: 0 }]);
  });

  it("that only warns counts, says so once, and stops nothing", async () => {
    const db = await openDatabase();
    const policy = {
      ...NOTHING,
      rates: { general: 1, byFunction: new Map() },
      dailyUnits: { amount: 10, stops: false },
    };
    const { after, book } = await startSampled(db, policy, { now: () => noon });
    for (let made = 0; made < 5; made += 1) await suggest(db);
    await after(0);
    expect(await refs(db)).toHaveLength(5);
    expect(book.named("mirror.budget_warning")).toHaveLength(1);
    expect(book.named("mirror.budget_spent")).toEqual([]);
    expect(await db.query("select unit_count as n from langfuse_days")).toEqual([{ n: 15 }]);
  });

  const all = (dailyUnits: DailyLimit): SamplingPolicy => ({
    ...NOTHING,
    rates: { general: 1, byFunction: new Map<string, number>() },
    dailyUnits,
  });
  const daysOf = (db: Database) =>
    db.query("select project_id as project, day::text, unit_count as n from langfuse_days order by 1, 2");

  it("is of a UTC day: it ends at midnight there, and what must go is held until then", async () => {
    const db = await openDatabase();
    const clock = { ms: Date.parse("2026-03-02T23:00:00Z") };
    const settings = { now: () => clock.ms, batchSize: 1, concurrency: 1 };
    const { after } = await startSampled(db, all({ amount: 3, stops: true }), settings);
    const first = await suggest(db);
    const error = await suggest(db, { status: "error", error_type: "TimeoutError" });
    await after(0);
    expect(await refs(db)).toEqual([first]);
    const [held] = await db.query<{ s: number }>(
      "select extract(epoch from held_until - now())::double precision as s from langfuse_outbox where ref = $1",
      [error],
    );
    expect(held?.s).toBeGreaterThan(3_300);
    expect(held?.s).toBeLessThan(3_601);

    // Of a clock that stands a millisecond before midnight the hold ends at once, again and again.
    clock.ms = Date.parse("2026-03-02T23:59:30Z");
    await after(HOUR_MS);
    expect(await refs(db)).toEqual([first]);
    clock.ms = Date.parse("2026-03-03T00:00:00Z");
    await after(HOUR_MS);
    expect(await refs(db)).toEqual([first, error].sort());
    expect(await daysOf(db)).toEqual([
      { project: "default", day: "2026-03-02", n: 3 },
      { project: "default", day: "2026-03-03", n: 3 },
    ]);
  });

  it("is of each project, whatever another has spent", async () => {
    const db = await openDatabase();
    const settings = { now: () => noon, batchSize: 10, concurrency: 1 };
    const { after, book } = await startSampled(db, all({ amount: 4, stops: true }), settings);
    const [mine, theirs] = [await suggest(db), await suggest(db, { project_id: "other" })];
    const beyond = await suggest(db, { project_id: "other" });
    await after(0);
    expect(await refs(db)).toEqual([mine, theirs].sort());
    expect((await readLeftOut(db)).map(({ ref }) => ref)).toEqual([beyond]);
    expect(await daysOf(db)).toMatchObject([
      { project: "default", n: 3 },
      { project: "other", n: 3 },
    ]);
    expect(book.named("mirror.budget_spent").map(({ facts }) => facts["projectId"])).toEqual(["other"]);
  });

  it("is of each project, whatever another has spent before", async () => {
    const db = await openDatabase();
    const settings = { now: () => noon, batchSize: 10, concurrency: 1 };
    const { after } = await startSampled(db, all({ amount: 4, stops: true }), settings);
    const mine = await suggest(db);
    await after(0);
    const [beyond, theirs] = [await suggest(db), await suggest(db, { project_id: "other" })];
    await after(0);
    expect(await refs(db)).toEqual([mine, theirs].sort());
    expect((await readLeftOut(db)).map(({ ref }) => ref)).toEqual([beyond]);
  });

  it("takes what fills it to the last unit, and of what is larger than a day one", async () => {
    const db = await openDatabase();
    const settings = { now: () => noon, batchSize: 1, concurrency: 1 };
    const { after } = await startSampled(db, all({ amount: 6, stops: true }), settings);
    const fitting = [await suggest(db), await suggest(db)];
    await after(0);
    expect(await refs(db)).toEqual(fitting.sort());

    const other = await openDatabase();
    const narrow = await startSampled(other, all({ amount: 2, stops: true }), settings);
    const [alone, next] = [await suggest(other), await suggest(other)];
    await narrow.after(0);
    expect(await refs(other)).toEqual([alone]);
    expect((await readLeftOut(other)).map(({ ref }) => ref)).toEqual([next]);
  });

  it("warns from four fifths on and says once that it is spent, each day anew", async () => {
    const db = await openDatabase();
    const clock = { ms: noon };
    const settings = { now: () => clock.ms, batchSize: 1, concurrency: 1 };
    const { after, book } = await startSampled(db, all({ amount: 15, stops: true }), settings);
    const told = () => ["warning", "spent"].map((what) => book.named(`mirror.budget_${what}`).length);
    const say: number[][] = [];
    for (let made = 0; made < 7; made += 1) {
      await suggest(db);
      await after(0);
      say.push(told());
    }
    // Units: 3, 6, 9, 12 of 15 (four fifths), 15, and two that find no room.
    expect(say).toEqual([...Array.from({ length: 3 }, () => [0, 0]), [1, 0], [1, 0], [1, 1], [1, 1]]);
    clock.ms += DAY_MS;
    for (let made = 0; made < 6; made += 1) await suggest(db);
    await after(0);
    expect(told()).toEqual([2, 2]);
  });

  it("counts a trace once a day, however often it is tried, and never leaves out what has begun", async () => {
    const db = await openDatabase();
    const clock = { ms: noon };
    const settings = { now: () => clock.ms, batchSize: 1, concurrency: 1 };
    const { after } = await startSampled(db, all({ amount: 6, stops: true }), settings);
    const tried = await suggest(db);
    // By a worker that died before it was sent.
    await db.query("update langfuse_outbox set charged_on = '2026-03-02', kept_by = 'sample'");
    await db.query("insert into langfuse_days (project_id, day, unit_count) values ('default', '2026-03-02', 3)");
    await after(0);
    expect(await refs(db)).toEqual([tried]);
    expect(await daysOf(db)).toMatchObject([{ n: 3 }]);

    // Tried yesterday, and today others have spent everything.
    const begun = await suggest(db);
    await db.query("update langfuse_outbox set charged_on = '2026-03-01', kept_by = 'sample' where ref = $1", [begun]);
    await db.query("update langfuse_days set unit_count = 6");
    await after(0);
    expect(await readLeftOut(db)).toEqual([]);
    expect((await readOutbox(db)).map(({ ref }) => ref)).toEqual([begun]);
    clock.ms += DAY_MS;
    await after(DAY_MS);
    expect(await refs(db)).toEqual([tried, begun].sort());
  });
});
