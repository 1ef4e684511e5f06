import { metricsDurations, metricsFilters } from "../domain/metrics-request.ts";
import { UTC } from "../domain/zone.ts";
import type { Queryable } from "../store/database.ts";
import { type MetricsSelection, type MetricsSums, readMetricsSums } from "../store/queries/read-metrics.ts";
import { readRawSums } from "../store/queries/read-raw-metrics.ts";
import { hoursOf, type MetricsQuery } from "./metrics-query.ts";
import type { TimeBucket } from "./time-buckets.ts";

const HOURS_A_DAY = 24;

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
