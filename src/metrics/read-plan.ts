import { type Hour, hourOf, startOfHour } from "../domain/hour.ts";
import { metricsDurations, metricsFilters } from "../domain/metrics-request.ts";
import { UTC } from "../domain/zone.ts";
import type { Queryable } from "../store/database.ts";
import { type MetricsSelection, type MetricsSums, readMetricsSums } from "../store/queries/read-metrics.ts";
import { readRawSums } from "../store/queries/read-raw-metrics.ts";
import { readRolledWaits, type RolledWaitsSelection } from "../store/queries/read-rolled-waits.ts";
import { readWaits, type WaitCount } from "../store/queries/read-waits.ts";
import { refuseFrozen } from "./frozen-hours.ts";
import { hoursOf, type MetricsQuery } from "./metrics-query.ts";
import { type TimeBucket, timeBucketsOf } from "./time-buckets.ts";

const HOURS_A_DAY = 24;
/** Of suggestions made in the running hour and the two before, half an hour is much of how long they have been open. */
const EXACT_HOURS = 3;
/** Half a day is less than 2 % of the age of a day that began over 25 days ago. */
const OLD_DAYS = 25;

/**
 * Decides what a query is read from, always the least that answers it exactly:
 *
 * - of the rollup the project's total where nothing is split or left out, those of its functions where only they are, else all series;
 * - of these the days wherever a whole UTC day falls into one bucket, and the hours for the rest;
 * - of these the histograms that are asked for.
 */
export function planRead(query: MetricsQuery, buckets: readonly TimeBucket[]): MetricsSelection {
  const { projectId, bucket, by, only = {}, zone = UTC, durations = metricsDurations } = query;
  const { fromHour, toHour } = hoursOf(query);
  const hasDays = bucket === "total" || (bucket === "day" && zone === UTC);
  const toDay = Math.floor(toHour / HOURS_A_DAY);
  const fromDay = hasDays ? Math.min(Math.ceil(fromHour / HOURS_A_DAY), toDay) : toDay;
  return {
    projectId,
    fromHour,
    toHour,
    bucketStarts: buckets.map(({ startHour }) => startHour),
    by: {
      function: by.includes("function"),
      model: by.includes("model"),
      promptVersion: by.includes("promptVersion"),
      environment: by.includes("environment"),
      confidenceBand: by.includes("confidenceBand"),
    },
    only: metricsFilters.map((filter) => only[filter] ?? null),
    level: levelOf([...by, ...metricsFilters.filter((filter) => only[filter] !== undefined)]),
    fromDay,
    toDay,
    durations: {
      latency: durations.includes("latency"),
      timeToFirstToken: durations.includes("timeToFirstToken"),
      timeToFeedback: durations.includes("timeToFeedback"),
    },
    hasConfidences: false,
  };
}

function levelOf(by: MetricsQuery["by"]): MetricsSelection["level"] {
  if (by.length === 0) return "project";
  return by.every((dimension) => dimension === "function") ? "function" : "series";
}

/** Reads a plan: from the rollup, or from the suggestions themselves where they are split by band, which the rollup is not. */
export function readSums(db: Queryable, selection: MetricsSelection): Promise<readonly MetricsSums[]> {
  return selection.by.confidenceBand ? readRawSums(db, selection) : readMetricsSums(db, selection);
}

/** What the time to feedback is read from: hours up to a moment from the rollup, those after it from their suggestions. */
export type WaitsPlan = { readonly rolled: RolledWaitsSelection | null; readonly raw: MetricsSelection | null };

/**
 * The rollup knows of open suggestions in which hour they were made, and no better. That will do but for the last hours, and is
 * not to be had by confidence band: these are read from the suggestions themselves.
 */
export function planWaits(query: MetricsQuery, now: Date): WaitsPlan {
  const { fromHour, toHour } = hoursOf(query);
  const isSplitByBand = query.by.includes("confidenceBand");
  const exactFrom = Math.min(toHour, Math.max(fromHour, isSplitByBand ? fromHour : hourOf(now) - EXACT_HOURS + 1));
  const rolled = exactFrom > fromHour ? planOf(fromHour, exactFrom) : null;
  const today = Math.floor(hourOf(now) / HOURS_A_DAY);
  return {
    rolled: rolled && {
      ...rolled,
      openToDay: Math.min(rolled.toDay, Math.max(rolled.fromDay, today - OLD_DAYS)),
    },
    raw: exactFrom < toHour ? planOf(exactFrom, toHour) : null,
  };

  function planOf(from: Hour, to: Hour): MetricsSelection {
    const part: MetricsQuery = { ...query, bucket: "total", from: startOfHour(from), to: startOfHour(to) };
    return planRead(part, timeBucketsOf(part));
  }
}

/** Reads such a plan. Throws where retention has dropped suggestions that it would have to see. */
export async function readPlannedWaits(
  db: Queryable,
  { rolled, raw }: WaitsPlan,
  now: Date,
): Promise<readonly WaitCount[]> {
  if (raw !== null) await refuseFrozen(db, raw.fromHour, "survival by confidence band");
  return [
    ...(rolled === null ? [] : await readRolledWaits(db, rolled, now)),
    ...(raw === null ? [] : await readWaits(db, raw, now)),
  ];
}
