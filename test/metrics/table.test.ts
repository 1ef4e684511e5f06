import { describe, expect, it } from "vitest";
import { formatBucket, formatCount, formatDuration, formatRate } from "../../src/metrics/format.ts";
import { dimensionsOf, type MetricsRow, rateOf, toMetricsRow } from "../../src/metrics/metrics-row.ts";
import { metricsTable } from "../../src/metrics/table.ts";
import type { MetricsDimension } from "../../src/domain/metrics-request.ts";
import { hourOf, startOfHour } from "../../src/domain/hour.ts";
import { bucketOf } from "../../src/domain/histogram.ts";
import type { MetricsSums } from "../../src/store/queries/read-metrics.ts";

const nothing: MetricsSums = {
  bucketHour: hourOf(new Date("2026-03-01T14:00Z")),
  functionName: "",
  model: "",
  promptVersion: "",
  environment: "",
  confidenceBand: null,
  suggestionCount: 1,
  completedCount: 0,
  errorCount: 0,
  shownCount: 0,
  shownDecidedCount: 0,
  acceptedCount: 0,
  revisedCount: 0,
  rejectedCount: 0,
  expiredCount: 0,
  latencyCount: 0,
  latencyMsSum: 0,
  inputTokensSum: 0,
  outputTokensSum: 0,
  inputTokensKnownCount: 0,
  outputTokensKnownCount: 0,
  costUsdSum: 0,
  costKnownCount: 0,
  completedCostKnownCount: 0,
  keptRatioPpmSum: 0,
  keptRatioCount: 0,
  squaredErrorPpmSum: 0,
  openCount: 0,
  latencyBuckets: [],
  latencyCounts: [],
  firstTokenBuckets: [],
  firstTokenCounts: [],
  feedbackTimeBuckets: [],
  feedbackTimeCounts: [],
  confidenceKeys: [],
  confidenceCounts: [],
  confidencePpmSums: [],
  errorTypes: [],
  errorTypeCounts: [],
};

/** A busy row: `size` suggestions, of which 5 % failed. */
function busy(size: number, dimensions: Partial<MetricsSums> = {}): MetricsSums {
  return {
    ...nothing,
    functionName: "generate-message-suggestion",
    model: "gpt-4.1-mini",
    promptVersion: "7",
    environment: "production",
    suggestionCount: size,
    completedCount: size * 0.95,
    errorCount: size * 0.05,
    acceptedCount: size * 0.5,
    revisedCount: size * 0.2,
    rejectedCount: size * 0.1,
    latencyBuckets: [bucketOf(1234), bucketOf(56_000)],
    latencyCounts: [size / 2, size / 2],
    feedbackTimeBuckets: [bucketOf(95_000)],
    feedbackTimeCounts: [size],
    ...dimensions,
  };
}

/** The row of a bucket of one hour that is over. */
function rowOf(sums: MetricsSums, by: readonly MetricsDimension[], isPartial = false): MetricsRow {
  const { bucketHour: startHour } = sums;
  const [start, end] = [startOfHour(startHour), startOfHour(startHour + 1)];
  return toMetricsRow(sums, { bucket: { startHour, start, end, isPartial }, dimensions: dimensionsOf(sums, by) });
}

const all = ["function", "model", "promptVersion", "environment"] as const;

describe("the metrics table", () => {
  it("shows every figure under its name, rates with interval and counts", () => {
    const rows = [rowOf(busy(20), ["function"])];
    expect(metricsTable(rows, { bucket: "day", by: ["function"] })).toBe(
      `
                                                                                                                                time to
           sugges-                                                        success rate              error rate         latency feedback
       UTC   tions errors decided accepted revised rejected          [95 %] of decided      [95 %] of finished       p50 / p95      p50
generate-message-suggestion
2026-03-01      20      1      16       10       4        2  62.5 % [38.6, 81.5] 10/16  5.0 % [0.9, 23.6] 1/20  1.2 s / 56.5 s  1.6 min
`.slice(1),
    );
  });

  it("shows what is unknown as unknown and never as zero", () => {
    const table = metricsTable([rowOf(nothing, ["model"])], { bucket: "total", by: ["model"] });
    expect(table.split("\n")[3]).toBe("–");
    expect(table.split("\n")[4]?.trim().split(/\s+/)).toEqual(["1", "0", "0", "0", "0", "0", "–", "–", "–", "–"]);
  });

  it("says in words that a range is empty", () => {
    expect(metricsTable([], { bucket: "hour", by: [] })).toBe("No suggestions in this range.\n");
  });

  it("aligns all columns, whatever the numbers", () => {
    const rows = [busy(20), busy(2000), nothing].map((sums) => rowOf(sums, []));
    const lines = metricsTable(rows, { bucket: "total", by: [] }).trimEnd().split("\n");
    expect(new Set(lines.slice(2).map((line) => line.length)).size).toBe(1);
  });

  it.each([
    ["hour", 400],
    ["day", 400],
    ["total", 4000],
  ] as const)("by %s fits 140 columns with all dimensions and %i suggestions a row", (bucket, size) => {
    const rows: MetricsRow[] = [busy(size), busy(size, { promptVersion: "8" })].map((sums) => rowOf(sums, all));
    for (const line of metricsTable(rows, { bucket, by: all }).split("\n"))
      expect(line.length).toBeLessThanOrEqual(140);
  });

  it.each(["rates", "speed", "cost", "errors"] as const)("fits 150 columns in the view %s as well", (view) => {
    const rich = {
      ...busy(4000),
      shownCount: 3900,
      shownDecidedCount: 3100,
      keptRatioPpmSum: 2e9,
      keptRatioCount: 3000,
      inputTokensSum: 123_456_789,
      inputTokensKnownCount: 4000,
      outputTokensSum: 12_345_678,
      outputTokensKnownCount: 4000,
      costUsdSum: 1234.5,
      costKnownCount: 4000,
      completedCostKnownCount: 3800,
      firstTokenBuckets: [bucketOf(56_000)],
      firstTokenCounts: [4000],
      errorTypes: ["TimeoutError", "RateLimitError", ""],
      errorTypeCounts: [150, 40, 10],
    };
    const lines = metricsTable([rowOf(rich, all)], { bucket: "day", by: all }, view).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(150);
    expect(lines[4]).not.toContain("–");
  });

  it("shows errors by type, the unnamed as unknown, and cost per accepted as unknown while a cost is", () => {
    const failed = { ...busy(20), errorCount: 3, errorTypes: ["TimeoutError", ""], errorTypeCounts: [2, 1] };
    expect(metricsTable([rowOf(failed, [])], { bucket: "total", by: [] }, "errors").split("\n")[3]).toMatch(
      /TimeoutError 2, unknown 1$/u,
    );
    const paid = { ...busy(20), costUsdSum: 0.05, costKnownCount: 19, completedCostKnownCount: 19 };
    const costOf = (sums: MetricsSums) =>
      metricsTable([rowOf(sums, [])], { bucket: "total", by: [] }, "cost")
        .split("\n")[3]
        ?.trim();
    expect(costOf(paid)).toMatch(/0\.0500 \(19\/20\) +0\.0050 \(19\/19\)$/u);
    expect(costOf({ ...paid, completedCostKnownCount: 18 })).toMatch(/– \(18\/19\)$/u);
  });

  it("shows an hour without suggestions as empty, and stars one that is not over", () => {
    const hour = nothing.bucketHour;
    const empty = rowOf({ ...nothing, suggestionCount: 0 }, []);
    const running = rowOf({ ...busy(20), bucketHour: hour + 1 }, [], true);
    const lines = metricsTable([empty, running], { bucket: "hour", by: [], zone: "Asia/Kolkata" }).split("\n");
    expect(lines.slice(4, 6).map((line) => line.slice(0, 25).trimEnd())).toEqual([
      "       19:30        0",
      "       20:30*      20",
    ]);
    expect(lines[4]).toBe("       19:30        0");
    expect(lines.slice(-2)).toEqual(["* not over yet, or cut by the range", ""]);
  });

  it("puts rows of the same dimensions under one heading, in the order they first come", () => {
    const hour = nothing.bucketHour;
    const rows = [
      busy(20),
      busy(20, { promptVersion: "8" }),
      busy(20, { bucketHour: hour + 1 }),
      busy(20, { bucketHour: hour + 10 }),
    ].map((sums) => rowOf(sums, ["promptVersion"]));
    const starts = metricsTable(rows, { bucket: "hour", by: ["promptVersion"] })
      .split("\n")
      .slice(3, -1);
    expect(starts.map((line) => (line.startsWith("prompt") ? line : line.slice(0, 5)))).toEqual([
      "prompt 7 · 2026-03-01",
      "14:00",
      "15:00",
      "prompt 8 · 2026-03-01",
      "14:00",
      "prompt 7 · 2026-03-02",
      "00:00",
    ]);
  });
});

describe("a metrics row", () => {
  it("has null, not zero and not nothing, in JSON where nothing is known", () => {
    const json: unknown = JSON.parse(JSON.stringify(rowOf(nothing, ["function"])));
    expect(json).toMatchObject({
      bucketStart: "2026-03-01T14:00:00.000Z",
      dimensions: { function: null },
      successRate: { numerator: 0, denominator: 0, value: null, low: null, high: null },
      latencyP50Ms: null,
      timeToFeedbackP50Ms: null,
      keptRatioMean: null,
      inputTokens: null,
      costUsd: null,
    });
  });
});

describe("formats", () => {
  it.each([
    [null, "–"],
    [0.98, "1 ms"],
    [850.4, "850 ms"],
    [999.6, "1.0 s"],
    [1234, "1.2 s"],
    [59_970, "1.0 min"],
    [95_000, "1.6 min"],
    [3_599_000, "1.0 h"],
    [72_000_000, "20.0 h"],
    [259_200_000, "3.0 d"],
  ])("show %s ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("show a rate with its interval and counts, and an unknown one as unknown", () => {
    expect(formatRate(rateOf(10, 16))).toBe("62.5 % [38.6, 81.5] 10/16");
    expect(formatRate(rateOf(0, 0))).toBe("–");
    expect(formatCount(null)).toBe("–");
  });

  it("show a bucket's start in UTC", () => {
    const start = new Date("2026-03-01T14:00Z");
    expect([formatBucket(start, "hour"), formatBucket(start, "day"), formatBucket(start, "total")]).toEqual([
      "2026-03-01 14:00",
      "2026-03-01",
      "total",
    ]);
  });
});
