import { expect, it, onTestFinished } from "vitest";
import { judgeMonth, type MonthReport } from "../../bench/month/judge.ts";
import { simulateMonth } from "../../bench/month/simulate.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import type { SamplingPolicy } from "../../src/domain/sampling.ts";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { openTestPostgres } from "../support/databases.ts";
import { startStandIn } from "./set-up.ts";

const RATE = 0.05;
const HOUR_MS = 3_600_000;

async function live(count: number, dailyUnits: SamplingPolicy["dailyUnits"]): Promise<MonthReport> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { address } = await startStandIn();
  const langfuse = createLangfuseClient({ ...address, fetch: globalThis.fetch, timeoutMs: 20_000 });
  const policy: SamplingPolicy = {
    rates: { general: RATE, byFunction: new Map() },
    keep: { revision: true, slowMs: 5000, lowConfidence: 0.05, expensiveUsd: 0.095 },
    windowMs: 6 * HOUR_MS,
    dailyUnits,
  };
  const month = { db: opened.db, langfuse, log: silentLogger, policy, count, seed: 7, workers: 2 };
  const outcome = await simulateMonth(month);
  return judgeMonth(opened.db, outcome, { rate: RATE, dailyUnits: dailyUnits?.amount ?? null });
}

const WELL = {
  metricsAgree: true,
  missingMustCount: 0,
  wrongCount: 0,
  unsettledCount: 0,
  wrongFeedbackCount: 0,
  wrongDayCount: 0,
};

it("a month at 5 % mirrors exactly what the rules say, and the metrics are exact to the row", async () => {
  const report = await live(3000, null); // bench/month.ts lives through the million
  expect(report).toMatchObject({ ...WELL, suggestionCount: 3000 });
  expect(Math.abs(report.mirroredCount - report.saidCount) / report.saidCount).toBeLessThan(0.01);
  expect(report.mustCount).toBeGreaterThan(150);
  expect(Object.keys(report.leftOut)).toEqual(["not-sampled"]);
}, 1_200_000);

it("a month under a daily budget never sends more in a day, and still every error and rejection", async () => {
  const limit = 100;
  const report = await live(2000, { amount: limit, stops: true });
  expect(report).toMatchObject({ ...WELL, suggestionCount: 2000 });
  expect(report.leftOut["budget"]).toBeGreaterThan(10);
  expect(report.largestDay).toBeGreaterThan(limit * 0.9);
}, 1_200_000);
