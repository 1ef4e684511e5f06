import type { CostOf } from "../domain/prices.ts";
import type { HandMade, HandMadeUpdate } from "../track/by-hand.ts";

/** States what `describe` says, and the cost where model and tokens are known. A price list that throws knows no price. */
export function updateWithCost(
  observation: HandMade,
  costOf: CostOf | undefined,
  describe: () => HandMadeUpdate,
): void {
  observation.update(() => {
    const update = describe();
    const { usage, model = observation.observation.model } = update;
    if (costOf === undefined || usage === undefined || model === undefined) return update;
    return { ...update, costUsd: priceOf(costOf, { model, usage }) };
  });
}

function priceOf(costOf: CostOf, call: Parameters<CostOf>[0]): number | undefined {
  try {
    return costOf(call);
  } catch {
    return undefined;
  }
}
