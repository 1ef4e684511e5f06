import { UTC } from "../domain/zone.ts";
import type { MetricsSelection } from "../store/queries/read-metrics.ts";
import { hoursOf, type MetricsQuery } from "./metrics-query.ts";
import type { TimeBucket } from "./time-buckets.ts";

const HOURS_A_DAY = 24;

/**
 * Decides what a query is read from, always the least that answers it exactly:
 *
 * - the suggestions themselves, where they are split by confidence band, which the rollup is not;
 * - else the rollup, the project's total where nothing is split, and its series where something is;
 * - of the rollup the days wherever a whole UTC day falls into one bucket, and the hours for the rest.
 */
export function planRead(query: MetricsQuery, buckets: readonly TimeBucket[]): MetricsSelection {
  const { projectId, bucket, by, zone = UTC } = query;
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
    isRaw: by.includes("confidenceBand"),
    isTotal: by.length === 0,
    fromDay,
    toDay,
  };
}
