import { expect } from "vitest";
import { hourOf } from "../../src/domain/hour.ts";
import type { MetricsQuery } from "../../src/metrics/metrics-query.ts";
import type { MetricsRow } from "../../src/metrics/metrics-row.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { daysAround } from "../../src/metrics/repair-rollup.ts";
import type { Queryable } from "../../src/store/database.ts";
import { readDerivedDifference } from "../../src/store/queries/read-derived-difference.ts";
import { readReasonDifference } from "../../src/store/queries/read-reason-difference.ts";
import { readReasonDayDifference } from "../../src/store/queries/reason-days.ts";
import { readRollupDifference } from "../../src/store/queries/read-rollup-difference.ts";
import { plainMetrics, type PlainRow, rowKey } from "./plain-metrics.ts";

/** Expects the metrics that are read to equal a plain recomputation, and buckets in which nothing happened to be empty. */
export async function expectPlainMetrics(db: Queryable, query: MetricsQuery): Promise<void> {
  const plain = new Map((await plainMetrics(db, query)).map((row) => [row.key, row]));
  const rows = await readMetrics(db, query);
  const filled = rows.filter(({ suggestionCount }) => suggestionCount > 0);
  expect(filled.map((row) => rowKey(row, query)).toSorted()).toEqual([...plain.keys()].toSorted());
  for (const row of filled) expectRow(row, plain.get(rowKey(row, query)));
  expectGapless(rows);
}

/** Expects the check to find nothing to complain of between these moments. */
export async function expectHealthyRollup(db: Queryable, from: Date, to: Date): Promise<void> {
  const [fromHour, toHour] = [hourOf(from), hourOf(to)];
  expect(await readRollupDifference(db, fromHour, toHour)).toEqual([]);
  expect(await readReasonDifference(db, fromHour, toHour)).toEqual([]);
  expect(await readDerivedDifference(db, ...daysAround(fromHour, toHour))).toEqual([]);
  expect(await readReasonDayDifference(db, ...daysAround(fromHour, toHour))).toEqual([]);
}

/** Every combination of dimensions has all buckets, each of which starts where the one before it ends. */
function expectGapless(rows: readonly MetricsRow[]): void {
  const ends = new Map<string, Date>();
  for (const { dimensions, bucketStart, bucketEnd } of rows) {
    const name = JSON.stringify(dimensions);
    expect(bucketStart).toEqual(ends.get(name) ?? rows[0]?.bucketStart);
    ends.set(name, bucketEnd);
  }
  expect(new Set(Array.from(ends.values(), (end) => end.getTime())).size).toBeLessThanOrEqual(1);
}

function expectRow(row: MetricsRow, plain: PlainRow | undefined): void {
  const flat: Record<string, unknown> = {
    ...row,
    "successRate.value": row.successRate.value,
    "usableRate.value": row.usableRate.value,
    "errorRate.value": row.errorRate.value,
    "coverage.value": row.coverage.value,
    errorsByType: row.errorsByType
      .map(({ type, count }) => `${JSON.stringify(type)}: ${count}`)
      .toSorted()
      .join(", "),
    costMicroUsd: row.costUsd === null ? null : Math.round(row.costUsd * 1e6),
  };
  const names = Object.keys(plain?.exact ?? {});
  expect(Object.fromEntries(names.map((name) => [name, flat[name]]))).toEqual(plain?.exact);
  for (const kind of ["keptRatioMean", "costPerAcceptedUsd"] as const) expectMean(row[kind], plain?.means[kind]);
  for (const kind of ["latency", "timeToFirstToken", "timeToFeedback"] as const) {
    for (const percent of [50, 90, 95, 99] as const) {
      expectQuantile(row[`${kind}P${percent}Ms`], plain?.durations[kind], percent);
    }
    expect(row[`${kind}KnownCount`]).toBe(plain?.durations[kind].length);
  }
}

function expectMean(value: number | null, plain: number | null = null): void {
  if (value === null || plain === null) expect(value).toBe(plain);
  else expect(Math.abs(value - plain)).toBeLessThanOrEqual(1e-9 * Math.max(1, plain));
}

/** Within 2 % of the value at the nearest rank, unknown exactly where there is none. Up to 1 ms is one bucket. */
function expectQuantile(estimate: number | null, values: readonly number[] = [], percent: number): void {
  const rank = Math.max(1, Math.floor((percent * values.length + 99) / 100));
  const exact = values.toSorted((a, b) => a - b)[rank - 1];
  if (exact === undefined || estimate === null) {
    expect(estimate).toBe(exact ?? null);
    return;
  }
  const atLeastOne = Math.max(exact, 1);
  expect(Math.abs(estimate - atLeastOne) / atLeastOne).toBeLessThanOrEqual(0.02 + 1e-9);
}
