import { expect } from "vitest";
import type { MetricsQuery } from "../../src/metrics/metrics-query.ts";
import type { MetricsRow } from "../../src/metrics/metrics-row.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { recomputeMetrics } from "../../src/metrics/recompute.ts";
import type { Queryable } from "../../src/store/database.ts";
import { plainMetrics, type PlainRow, rowKey } from "./plain-metrics.ts";

/** Expects the metrics that are read, and those recomputed for a check, to equal a plain recomputation. */
export async function expectPlainMetrics(db: Queryable, query: MetricsQuery): Promise<void> {
  const plain = new Map((await plainMetrics(db, query)).map((row) => [row.key, row]));
  for (const rows of [await readMetrics(db, query), await recomputeMetrics(db, query)]) {
    expect(rows.map((row) => rowKey(row, query.by)).toSorted()).toEqual([...plain.keys()].toSorted());
    expect(rows.map(({ bucketStart }) => bucketStart)).toEqual(
      rows.map(({ bucketStart }) => bucketStart).toSorted((a, b) => a.getTime() - b.getTime()),
    );
    for (const row of rows) expectRow(row, plain.get(rowKey(row, query.by)));
  }
}

function expectRow(row: MetricsRow, plain: PlainRow | undefined): void {
  const micro = (value: number | null, factor: number) => (value === null ? null : Math.round(value * factor));
  const flat: Record<string, unknown> = {
    ...row,
    "successRate.value": row.successRate.value,
    "usableRate.value": row.usableRate.value,
    "errorRate.value": row.errorRate.value,
    keptRatioPpm: micro(row.keptRatioMean, 1e5),
    costMicroUsd: micro(row.costUsd, 1e6),
  };
  const names = Object.keys(plain?.exact ?? {});
  expect(Object.fromEntries(names.map((name) => [name, flat[name]]))).toEqual(plain?.exact);
  expectQuantile(row.latencyP50Ms, plain?.durations.latency, 50);
  expectQuantile(row.latencyP95Ms, plain?.durations.latency, 95);
  expectQuantile(row.timeToFirstTokenP50Ms, plain?.durations.timeToFirstToken, 50);
  expectQuantile(row.timeToFeedbackP50Ms, plain?.durations.timeToFeedback, 50);
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
