import { expect } from "vitest";
import { bucketOf, valueOf } from "../../src/domain/histogram.ts";
import type { MetricsQuery } from "../../src/metrics/metrics-query.ts";
import { readCalibration } from "../../src/metrics/read-calibration.ts";
import { readReasons } from "../../src/metrics/read-reasons.ts";
import { readSurvival } from "../../src/metrics/read-survival.ts";
import type { Queryable } from "../../src/store/database.ts";
import { type Judged, plainConfidence, plainDimensions, readJudged } from "./plain-metrics.ts";

const HOUR_MS = 3_600_000;

/** Expects reasons, calibration and survival over a whole range, unsplit, to equal a plain recomputation. */
export async function expectPlainViews(db: Queryable, range: Omit<MetricsQuery, "bucket" | "by">): Promise<void> {
  const query: MetricsQuery = { ...range, bucket: "total", by: [] };
  const all = await readJudged(db, query.projectId);
  const made = all.filter(({ createdAt }) => createdAt >= query.from && createdAt < query.to);
  await expectReasons(db, query, all);
  await expectCalibration(db, query, made);
  await expectSurvival(db, query, made);
}

/** By when the person decided, whenever the suggestion was made. */
async function expectReasons(db: Queryable, query: MetricsQuery, all: readonly Judged[]): Promise<void> {
  const decided = all.filter(({ deciding }) => deciding !== null && isWithin(deciding.createdAt, query));
  const expected = (["revision", "rejection"] as const).flatMap((type) => {
    const those = decided.filter(({ outcome }) => outcome === type);
    const reasons = new Set(those.flatMap(({ deciding }) => deciding?.reason ?? []));
    const outcome = type === "revision" ? "revised" : "rejected";
    return Array.from(
      reasons,
      (reason) =>
        `${outcome} ${reason} ${those.filter(({ deciding }) => deciding?.reason === reason).length}/${those.length}`,
    );
  });
  const rows = await readReasons(db, query);
  const texts = rows.map(
    ({ outcome, reason, share }) => `${outcome} ${reason} ${share.numerator}/${share.denominator}`,
  );
  expect(texts.toSorted()).toEqual(expected.toSorted());
  const counts = rows.map(({ share }) => share.numerator);
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
}

const isWithin = (moment: Date, { from, to }: MetricsQuery): boolean => moment >= from && moment < to;

async function expectCalibration(db: Queryable, query: MetricsQuery, made: readonly Judged[]): Promise<void> {
  const [row] = await readCalibration(db, query);
  const bands = new Map<string | null, Judged[]>();
  for (const one of made) {
    const band = plainDimensions(one).confidenceBand ?? null;
    bands.set(band, [...(bands.get(band) ?? []), one]);
  }
  const expected = Array.from(bands, ([band, those]) => {
    const decided = those.filter(({ outcome }) => outcome !== null);
    const accepted = decided.filter(({ outcome }) => outcome === "approval");
    const mean = meanOf(decided.map(plainConfidence).filter((one) => one !== null));
    return `${band}: ${those.length} ${decided.length} ${accepted.length} ${mean?.toFixed(9) ?? null}`;
  });
  const texts = (row?.bands ?? []).map(
    (one) =>
      `${one.band}: ${one.suggestionCount} ${one.decidedCount} ${one.acceptedCount} ${one.meanConfidence?.toFixed(9) ?? null}`,
  );
  expect(texts.toSorted()).toEqual(expected.toSorted());

  const known = made.flatMap((one) => {
    const confidence = plainConfidence(one);
    return confidence === null || one.outcome === null ? [] : [{ confidence, outcome: one.outcome }];
  });
  const brier = meanOf(known.map(({ confidence, outcome }) => (confidence - (outcome === "approval" ? 1 : 0)) ** 2));
  // Each squared error is kept to the millionth.
  expect(row?.brierScore ?? -1).toBeCloseTo(brier ?? -1, 5);
  expect(row?.knownCount ?? 0).toBe(known.length);
  for (const [mean, type] of [
    [row?.meanConfidenceAccepted, "approval"],
    [row?.meanConfidenceRejected, "rejection"],
  ] as const) {
    const those = known.filter(({ outcome }) => outcome === type).map(({ confidence }) => confidence);
    expect(mean?.toFixed(9)).toBe(meanOf(those)?.toFixed(9));
  }
}

function middleOf(moment: Date, { from, to }: MetricsQuery): number {
  const startOf = (lengthMs: number): number => Math.floor(moment.getTime() / lengthMs) * lengthMs;
  const day = startOf(24 * HOUR_MS);
  const isWhole = day >= from.getTime() && day + 24 * HOUR_MS <= to.getTime();
  return isWhole ? day + 12 * HOUR_MS : startOf(HOUR_MS) + HOUR_MS / 2;
}

const meanOf = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * By the definition: at each time with feedback, the share of those still watched that got none just then. Open ones were made
 * in the middle of their hour, or, where the range has all of it, of their day: all histories are months ago.
 */
async function expectSurvival(db: Queryable, query: MetricsQuery, made: readonly Judged[]): Promise<void> {
  const now = query.now ?? new Date();
  const waits = made.flatMap(({ status, createdAt, outcome, timeToFeedbackMs }) => {
    const waitedMs = outcome === null ? now.getTime() - middleOf(createdAt, query) : (timeToFeedbackMs ?? 0);
    const isWatched = ["completed", "accepted", "rejected"].includes(status) && waitedMs > 0;
    return isWatched ? [{ atMs: valueOf(bucketOf(waitedMs)), isDecided: outcome !== null }] : [];
  });
  const times = [...new Set(waits.filter(({ isDecided }) => isDecided).map(({ atMs }) => atMs))].toSorted(
    (a, b) => a - b,
  );
  let survival = 1;
  const expected = times.map((atMs) => {
    const atRisk = waits.filter((wait) => wait.atMs >= atMs).length;
    survival *= 1 - waits.filter((wait) => wait.isDecided && wait.atMs === atMs).length / atRisk;
    return [Math.round(atMs), atRisk, survival.toFixed(12)];
  });
  const [row] = await readSurvival(db, query);
  const steps = (row?.steps ?? []).map((step) => [Math.round(step.atMs), step.atRiskCount, step.survival.toFixed(12)]);
  expect(steps).toEqual(expected);
  expect([row?.decidedCount ?? 0, row?.openCount ?? 0]).toEqual([
    waits.filter(({ isDecided }) => isDecided).length,
    waits.filter(({ isDecided }) => !isDecided).length,
  ]);
}
