import type { Instruments } from "../../domain/instruments.ts";

const OUTCOMES = ["done", "retry", "failed"] as const;
export type PendingOutcome = (typeof OUTCOMES)[number];

/** Counts what became of the pending rows that this process ran. */
export type PendingMeters = { ended(outcome: PendingOutcome): void };

export function createPendingMeters(instruments: Instruments): PendingMeters {
  const runs = instruments.counter({
    name: "uptake_pending_runs_total",
    help: "Runs of agent functions for pending rows, by what each came to: done, retry or failed.",
    labelNames: ["outcome"],
  });
  // Zero until something happens: a rate over a series that begins with its first event misses that event.
  for (const outcome of OUTCOMES) runs.add(0, { outcome });
  return { ended: (outcome) => runs.add(1, { outcome }) };
}
