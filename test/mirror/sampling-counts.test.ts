import { expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createSamplingSettlement } from "../../src/mirror/sampling-settlement.ts";
import { readSamplingReport } from "../../src/store/queries/read-sampling-report.ts";
import { openTestPostgres } from "../support/databases.ts";
import { watch } from "../support/exposition.ts";
import { act, HOUR_MS, NOTHING, startSampled, suggest } from "./sampling-rig.ts";

it("what was kept and what was left out is counted by rule: in the meters, the log and the report of each project", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const { instruments, read } = watch();
  const policy = { ...NOTHING, dailyUnits: { amount: 1000, stops: false } };
  const { after, book } = await startSampled(db, policy, { instruments, batchSize: 2 });
  for (let made = 0; made < 2; made += 1) await suggest(db, { status: "error", error_type: "TimeoutError" });
  await suggest(db, { latency_ms: 6000 });
  await suggest(db, { function_name: "all" });
  await suggest(db, { function_name: "all", project_id: "other" });
  const [liked, rejected] = [await suggest(db), await suggest(db)];
  for (let made = 0; made < 2; made += 1) await suggest(db);
  await suggest(db, { project_id: "other" });
  await act(db, liked, "approval");
  await act(db, liked, "approval");
  await act(db, rejected, "rejection");
  await after(0);
  await after(HOUR_MS);
  await after(HOUR_MS);

  const exposed = await read();
  const kept = (rule: string) => exposed.value("uptake_mirror_kept_traces_total", { rule });
  expect(["error", "slow", "sample", "rejection", "revision"].map(kept)).toEqual([2, 1, 2, 1, undefined]);
  const leftOut = (kind: string) => exposed.value("uptake_mirror_left_out_total", { kind, rule: "not-sampled" });
  expect([leftOut("trace"), leftOut("feedback")]).toEqual([4, 2]);
  const units = exposed.value("uptake_mirror_units_total") ?? 0;
  expect(units).toBeGreaterThanOrEqual(6 * 3 + 4); // six traces of three, and the scores of a rejection

  const logged = (kind: string): number =>
    book
      .named("mirror.left_out")
      .filter(({ facts }) => facts["kind"] === kind && facts["rule"] === "not-sampled")
      .reduce((sum, { facts }) => sum + Number(facts["count"]), 0);
  expect([logged("trace"), logged("feedback")]).toEqual([4, 2]);

  await db.query("insert into langfuse_days (project_id, day, unit_count) values ('default', '2026-01-01', 500)");
  const report = await readSamplingReport(db, 1000);
  expect(report).toEqual({
    kept: [
      { rule: "error", traceCount: 2 },
      { rule: "sample", traceCount: 2 },
      { rule: "rejection", traceCount: 1 },
      { rule: "slow", traceCount: 1 },
    ],
    leftOut: [{ rule: "not-sampled", traceCount: 4, feedbackCount: 2 }],
    unitsToday: units,
    dailyUnitLimit: 1000,
  });
  expect(await readSamplingReport(db, null, "other")).toMatchObject({
    kept: [{ rule: "sample", traceCount: 1 }],
    leftOut: [{ rule: "not-sampled", traceCount: 1, feedbackCount: 0 }],
    unitsToday: 3,
  });
});

it("a trace that is decided on twice at once, by itself and by feedback on it, is counted once", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const counted: string[] = [];
  const kept = (rule: string, count: number): void => void counted.push(`${rule} ${count}`);
  const meters = { kept, leftOut: () => {}, charged: () => {} };
  const settle = createSamplingSettlement({ db, log: silentLogger, meters });
  const suggestionId = await suggest(db);
  await Promise.all([1, 2].map(() => settle.keep([{ suggestionId, rule: "rejection" }])));
  expect(counted).toEqual(["rejection 1"]);
});
