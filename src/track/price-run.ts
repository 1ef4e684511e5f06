import type { CostOf } from "../domain/prices.ts";
import type { OpenRun } from "./run.ts";

/** Gives each model call of the run the cost that nobody stated, where the list knows it; what stays unknown, stays so. */
export function priceRun(run: OpenRun, costOf: CostOf): void {
  for (const observation of run.observations) {
    const { type, model, usage } = observation;
    if (observation.costUsd !== undefined || model === undefined || usage === undefined) continue;
    if (type === "generation" || type === "embedding") observation.costUsd = costOf({ model, usage });
  }
}
