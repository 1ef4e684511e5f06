import type { Instruments, Labels } from "../domain/instruments.ts";
import type { WorkerAct } from "../domain/worker-report.ts";

export type LastAct = { readonly act: WorkerAct; readonly atMs: number };

/** What each of these counters counts, in the words of the list of workers. */
const ACTS: Readonly<Record<string, (labels: Labels | undefined) => WorkerAct>> = {
  uptake_mirror_attempts_total: (labels) => (labels?.["outcome"] === "done" ? "mirrored" : "tried to mirror"),
  uptake_rollup_rolled_deltas_total: () => "added up",
  uptake_pending_runs_total: () => "ran a pending row",
};

/** The same instruments, and what the parts last told them. `now` in milliseconds, by any clock that does not turn back. */
export function watchActs(
  instruments: Instruments,
  now: () => number,
): { readonly instruments: Instruments; readonly lastAct: () => LastAct | null } {
  let last: LastAct | null = null;
  return {
    lastAct: () => last,
    instruments: {
      ...instruments,
      counter(facts) {
        const counter = instruments.counter(facts);
        const actOf = ACTS[facts.name];
        if (actOf === undefined) return counter;
        return {
          add(amount, labels) {
            if (amount > 0) last = { act: actOf(labels), atMs: now() };
            counter.add(amount, labels);
          },
        };
      },
    },
  };
}
