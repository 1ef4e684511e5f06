import { BAND_COUNT, bandName } from "../domain/confidence-band.ts";
import { invalidInput } from "../domain/errors.ts";
import type { Queryable } from "../store/database.ts";
import { type MetricsSums, readMetricsSums } from "../store/queries/read-metrics.ts";
import { checkQuery, type MetricsQuery } from "./metrics-query.ts";
import { dimensionsOf, type MetricsRow, type Rate, rateOf } from "./metrics-row.ts";
import { planRead } from "./read-plan.ts";
import { timeBucketsOf } from "./time-buckets.ts";

/** What became of the suggestions of one confidence band. */
export type CalibrationBand = {
  /** `0.7-0.8`; null for suggestions whose confidence is not known. */
  readonly band: string | null;
  readonly suggestionCount: number;
  readonly decidedCount: number;
  readonly acceptedCount: number;
  /** accepted / decided: to lie where the mean confidence does, if confidences are right. */
  readonly observedRate: Rate;
  /** Of the decided, 0–1. */
  readonly meanConfidence: number | null;
};

/** Whether confidences mean what they say: whether of those at 0.8, 80 % are accepted. */
export type CalibrationRow = {
  readonly bucketStart: Date;
  readonly bucketEnd: Date;
  readonly isPartial: boolean;
  readonly dimensions: MetricsRow["dimensions"];
  /** Lowest first, the unknown last; only those that hold something. */
  readonly bands: readonly CalibrationBand[];
  /**
   * Mean of (confidence − 1 if accepted, else 0)² over the decided: 0 is perfect, and 0.25 is what always saying 0.5 gets.
   * G. W. Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78 (1950), 1–3.
   */
  readonly brierScore: number | null;
  /** Decided suggestions with a known confidence, which these means are of. */
  readonly knownCount: number;
  readonly meanConfidenceAccepted: number | null;
  readonly meanConfidenceRejected: number | null;
};

const OUTCOMES = ["undecided", "accepted", "revised", "rejected"] as const;
type Outcome = (typeof OUTCOMES)[number];
type Held = { readonly band: number; readonly outcome: Outcome; readonly count: number; readonly ppmSum: number };

/**
 * The calibration of a project's confidences, of the suggestions made in each bucket. A bucket without suggestions has no
 * row. Throws {@link UptakeError} `invalid_input`, also for `by: ["confidenceBand"]`, as that is what it shows anyway.
 */
export async function readCalibration(db: Queryable, query: MetricsQuery): Promise<CalibrationRow[]> {
  checkQuery(query);
  if (query.by.includes("confidenceBand")) {
    throw invalidInput("metrics.by", "a calibration is always by confidenceBand; leave it out");
  }
  const buckets = timeBucketsOf(query);
  const found = await readMetricsSums(db, { ...planRead({ ...query, durations: [] }, buckets), hasConfidences: true });
  const bucketAt = new Map(buckets.map((bucket) => [bucket.startHour, bucket]));
  return found.flatMap((sums) => {
    const bucket = bucketAt.get(sums.bucketHour);
    if (bucket === undefined) return [];
    const { start: bucketStart, end: bucketEnd, isPartial } = bucket;
    return [{ bucketStart, bucketEnd, isPartial, dimensions: dimensionsOf(sums, query.by), ...calibrationOf(sums) }];
  });
}

type Calibration = Omit<CalibrationRow, "bucketStart" | "bucketEnd" | "isPartial" | "dimensions">;

/** The calibration that these sums come to. */
export function calibrationOf(sums: MetricsSums): Calibration {
  const held = sums.confidenceKeys.map((key, i) => heldAt(key, sums.confidenceCounts[i], sums.confidencePpmSums[i]));
  const decided = held.filter(isDecided);
  const knownCount = countIn(decided);
  return {
    bands: [
      ...Array.from({ length: BAND_COUNT }, (_, band) =>
        bandOf(
          bandName(band),
          held.filter((one) => one.band === band),
        ),
      ),
      unknownBand(sums, held),
    ].filter(({ suggestionCount }) => suggestionCount > 0),
    brierScore: knownCount === 0 ? null : sums.squaredErrorPpmSum / 1e6 / knownCount,
    knownCount,
    meanConfidenceAccepted: meanIn(held.filter(({ outcome }) => outcome === "accepted")),
    meanConfidenceRejected: meanIn(held.filter(({ outcome }) => outcome === "rejected")),
  };
}

const heldAt = (key: number, count = 0, ppmSum = 0): Held => ({
  band: Math.floor(key / OUTCOMES.length),
  outcome: OUTCOMES[key % OUTCOMES.length] ?? "undecided",
  count,
  ppmSum,
});

const isDecided = ({ outcome }: Held): boolean => outcome !== "undecided";
const countIn = (held: readonly Held[]): number => held.reduce((sum, { count }) => sum + count, 0);

function meanIn(held: readonly Held[]): number | null {
  const count = countIn(held);
  return count === 0 ? null : held.reduce((sum, { ppmSum }) => sum + ppmSum, 0) / 1e6 / count;
}

function bandOf(band: string, held: readonly Held[]): CalibrationBand {
  const decided = held.filter(isDecided);
  const acceptedCount = countIn(held.filter(({ outcome }) => outcome === "accepted"));
  return {
    band,
    suggestionCount: countIn(held),
    decidedCount: countIn(decided),
    acceptedCount,
    observedRate: rateOf(acceptedCount, countIn(decided)),
    meanConfidence: meanIn(decided),
  };
}

/** All that is in no band. */
function unknownBand(sums: MetricsSums, held: readonly Held[]): CalibrationBand {
  const acceptedCount = sums.acceptedCount - countIn(held.filter(({ outcome }) => outcome === "accepted"));
  const allDecided = sums.acceptedCount + sums.revisedCount + sums.rejectedCount;
  const decidedCount = allDecided - countIn(held.filter(isDecided));
  return {
    band: null,
    suggestionCount: sums.suggestionCount - countIn(held),
    decidedCount,
    acceptedCount,
    observedRate: rateOf(acceptedCount, decidedCount),
    meanConfidence: null,
  };
}
