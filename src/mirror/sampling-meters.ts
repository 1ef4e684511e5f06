import type { Instruments } from "../domain/instruments.ts";
import type { MessageKind } from "../store/queries/claim-messages.ts";

/** Counts what sampling decides in this process. */
export type SamplingMeters = {
  kept(rule: string, count: number): void;
  leftOut(kind: MessageKind, rule: string, count: number): void;
  charged(unitCount: number): void;
};

export function createSamplingMeters(instruments: Instruments): SamplingMeters {
  const kept = instruments.counter({
    name: "uptake_mirror_kept_traces_total",
    help: "Traces that sampling decided to mirror, by the rule that kept them.",
    labelNames: ["rule"],
  });
  const leftOut = instruments.counter({
    name: "uptake_mirror_left_out_total",
    help: "Messages that sampling left out, by rule; feedback by that of its trace. Rejected later, they are mirrored all the same.",
    labelNames: ["kind", "rule"],
  });
  const units = instruments.counter({
    name: "uptake_mirror_units_total",
    help: "Units (traces, observations and scores) counted in a day's budget; only where a limit is set.",
  });
  return {
    kept: (rule, count) => kept.add(count, { rule }),
    leftOut: (kind, rule, count) => leftOut.add(count, { kind, rule }),
    charged: (unitCount) => units.add(unitCount),
  };
}
