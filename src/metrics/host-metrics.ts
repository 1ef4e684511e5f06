import { hourOf, startOfHour } from "../domain/hour.ts";
import type { Logger } from "../domain/logger.ts";
import { createPeriodic } from "../domain/periodic.ts";
import type { Database, Queryable } from "../store/database.ts";
import { claimDueHours } from "../store/queries/claim-due-hours.ts";
import { lockHostMetrics } from "../store/queries/lock-host-metrics.ts";
import { type HostMetric, readActs } from "../store/queries/read-acts.ts";
import { writeHostMetrics } from "../store/queries/write-host-metrics.ts";
import type { MetricsRow, Rate } from "./metrics-row.ts";
import { readMetrics } from "./read-metrics.ts";

/** Notes taken in one transaction; many are of the same hour. */
const NOTES_AT_ONCE = 1000;

export type HostMetricsDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly projectId: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly everyMs: number;
};

/**
 * Keeps `aggregated_metrics`, the host's table by the host's names: each hour once it is over, and again whenever something
 * of it changes. Any number may run side by side; one of them writes.
 */
export type HostMetrics = {
  start(): void;
  stop(): Promise<void>;
  /** Writes all hours that are due; resolves to how many. */
  writeAll(): Promise<number>;
};

export function createHostMetrics({ db, log, projectId, now, everyMs }: HostMetricsDeps): HostMetrics {
  async function writeSome(): Promise<number | undefined> {
    return db.transaction(async (tx) => {
      // What is claimed was committed before, so what is read next has seen it: as long as nobody writes in between.
      if (!(await lockHostMetrics(tx))) return undefined;
      const at = new Date(now());
      const { hours, claimedCount } = await claimDueHours(tx, hourOf(at), NOTES_AT_ONCE);
      if (hours.length > 0) {
        const metrics: HostMetric[] = [];
        for (const hour of hours) {
          metrics.push(...(await readActs(tx, hour, projectId)));
          metrics.push(...(await suggestionMetrics(tx, { hour, projectId, now: at })));
        }
        await writeHostMetrics(tx, hours, metrics);
        log.info("metrics.hours_written", { count: hours.length });
      }
      return claimedCount === 0 ? undefined : hours.length;
    });
  }

  async function writeAll(): Promise<number> {
    let total = 0;
    for (let count = await writeSome(); count !== undefined; count = await writeSome()) total += count;
    return total;
  }

  const { start, stop } = createPeriodic(async () => {
    try {
      await writeAll();
    } catch (error) {
      log.error("metrics.hours_failed", { retryInMs: everyMs, message: String(error) });
    }
    return everyMs;
  });

  return { start, stop, writeAll };
}

type OfHour = { readonly hour: number; readonly projectId: string; readonly now: Date };

/** The whole project's, and each agent function's. */
async function suggestionMetrics(db: Queryable, { hour, projectId, now }: OfHour): Promise<HostMetric[]> {
  const range = {
    from: startOfHour(hour),
    to: startOfHour(hour + 1),
    bucket: "total",
    projectId,
    now,
    durations: ["latency"],
  } as const;
  const all = await readMetrics(db, { ...range, by: [] });
  const byFunction = await readMetrics(db, { ...range, by: ["function"] });
  return [
    ...all.flatMap((row) => metricsOf(row, { hour, dimension: null, dimensionValue: null })),
    ...byFunction.flatMap((row) =>
      metricsOf(row, { hour, dimension: "function_name", dimensionValue: row.dimensions.function ?? "" }),
    ),
  ];
}

type Place = Pick<HostMetric, "hour" | "dimension" | "dimensionValue">;

/** What is unknown has no row: its column is not null, and zero would be a lie. */
function metricsOf(row: MetricsRow, place: Place): HostMetric[] {
  if (row.suggestionCount === 0) return [];
  const rate = (metricName: string, { value, numerator, denominator }: Rate): HostMetric[] =>
    figure(metricName, value, { numerator, denominator });
  const figure = (
    metricName: string,
    value: number | null,
    { numerator, denominator }: Pick<HostMetric, "numerator" | "denominator">,
  ): HostMetric[] =>
    value === null ? [] : [{ ...place, metricType: "suggestion", metricName, value, numerator, denominator }];
  const latency = { numerator: null, denominator: row.latencyKnownCount };
  return [
    ...figure("suggestion_count", row.suggestionCount, { numerator: null, denominator: row.suggestionCount }),
    ...rate("success_rate", row.successRate),
    ...rate("usable_rate", row.usableRate),
    ...rate("coverage", row.coverage),
    ...rate("error_rate", row.errorRate),
    ...figure("latency_p50_ms", row.latencyP50Ms, latency),
    ...figure("latency_p95_ms", row.latencyP95Ms, latency),
    ...figure("cost_usd", row.costUsd, { numerator: null, denominator: row.costKnownCount }),
  ];
}
