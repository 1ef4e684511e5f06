import type { Config } from "../config/config.ts";
import { DAY_MS } from "../domain/durations.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Logger } from "../domain/logger.ts";
import type { MetricsRequest } from "../domain/metrics-request.ts";
import { type DailyLimit, WARNING_SHARE } from "../domain/sampling.ts";
import { readMetrics } from "../metrics/read-metrics.ts";
import type { Queryable } from "../store/database.ts";

const LOOK_EVERY_MS = 10_000;

/** What the project's suggestions of the range cost, as far as it is known. */
export type ReadCost = (
  projectId: string,
  request: MetricsRequest,
) => Promise<
  readonly { readonly costUsd: number | null; readonly suggestionCount: number; readonly costKnownCount: number }[]
>;

/** Of any project in the database. */
export const costIn =
  (db: Queryable): ReadCost =>
  (projectId, request) =>
    readMetrics(db, { ...request, projectId });

/** Throws `model_budget_spent` where the model is not to be asked any more today. */
export type AdmitModelCall = () => void;

export type ModelBudgetDeps = {
  readonly limit: DailyLimit;
  readonly readCost: ReadCost;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** For each project what asks, before a model call, whether the UTC day still has money for it. */
export type ModelBudget = (projectId: string) => AdmitModelCall;

/** Undefined where no limit is set: then no call is asked about. */
export const modelBudgetOf = (
  { modelLimit }: Pick<Config, "modelLimit">,
  deps: Pick<ModelBudgetDeps, "readCost" | "log">,
): ModelBudget | undefined =>
  modelLimit === null ? undefined : createModelBudget({ ...deps, limit: modelLimit, now: Date.now });

/**
 * A call compares a number in memory and waits for nothing: where the number is ten seconds old, the call has it read again
 * beside itself. So a day may cost what is spent within that time more than its limit, and what is not known yet refuses nothing.
 */
export function createModelBudget(deps: ModelBudgetDeps): ModelBudget {
  const byProject = new Map<string, AdmitModelCall>();
  return (projectId) => {
    const admit = byProject.get(projectId) ?? admissionOf(projectId, deps);
    byProject.set(projectId, admit);
    return admit;
  };
}

function admissionOf(projectId: string, { limit, readCost, log, now }: ModelBudgetDeps): AdmitModelCall {
  let known = { day: -1, costUsd: 0 };
  let lookedAtMs = -Infinity;
  let isLooking = false;
  let toldAbout = { day: -1, spent: false };

  function tell(day: number, unknownCount: number): void {
    const isSpent = known.costUsd >= limit.amount;
    if (known.costUsd < limit.amount * WARNING_SHARE || (toldAbout.day === day && toldAbout.spent >= isSpent)) return;
    toldAbout = { day, spent: isSpent };
    const facts = { projectId, costUsd: known.costUsd, limitUsd: limit.amount, unknownCount, stops: limit.stops };
    if (isSpent) log.warn("model.budget_spent", facts);
    else log.warn("model.budget_warning", facts);
  }

  async function look(day: number): Promise<void> {
    const range = { from: new Date(day * DAY_MS), to: new Date((day + 1) * DAY_MS) };
    try {
      const rows = await readCost(projectId, { ...range, bucket: "day", by: [], durations: [] });
      known = { day, costUsd: rows.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0) };
      tell(
        day,
        rows.reduce((sum, row) => sum + row.suggestionCount - row.costKnownCount, 0),
      );
    } catch (error) {
      log.warn("model.budget_unread", { projectId, error: error instanceof Error ? error.message : String(error) });
    } finally {
      isLooking = false;
    }
  }

  return () => {
    const nowMs = now();
    const day = Math.floor(nowMs / DAY_MS);
    if (!isLooking && (known.day !== day || Math.abs(nowMs - lookedAtMs) >= LOOK_EVERY_MS)) {
      lookedAtMs = nowMs;
      isLooking = true;
      void look(day);
    }
    if (!limit.stops || known.day !== day || known.costUsd < limit.amount) return;
    const retryAfterSeconds = Math.ceil(((day + 1) * DAY_MS - nowMs) / 1000);
    throw new UptakeError(
      "model_budget_spent",
      `UPTAKE_MODEL_DAILY_LIMIT_USD: the model calls of project ${projectId} have cost $${known.costUsd.toFixed(2)} of $${limit.amount} today (UTC); they are refused until midnight, or until the limit is raised`,
      { facts: { projectId, costUsd: known.costUsd, limitUsd: limit.amount, retryAfterSeconds } },
    );
  };
}
