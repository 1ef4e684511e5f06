import { MINUTE_MS } from "../domain/durations.ts";
import type { Instruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import type { RuleFailure } from "./own-rules.ts";

/** Counts rules that failed; of each the first is logged at once, and what followed with the first after a minute. */
export function createFailureTally(
  log: Logger,
  instruments: Instruments,
): { add(this: void, failure: RuleFailure): void } {
  const failures = instruments.counter({
    name: "uptake_masking_failures_total",
    help: "Texts that were masked whole because a rule of the application failed.",
    labelNames: ["rule", "reason"],
  });
  const rules = new Map<string, { count: number; toldAtMs: number }>();
  return {
    add({ rule, reason }) {
      failures.add(1, { rule, reason });
      const known = rules.get(rule) ?? { count: 0, toldAtMs: -MINUTE_MS };
      rules.set(rule, known);
      known.count += 1;
      const nowMs = performance.now();
      if (nowMs - known.toldAtMs < MINUTE_MS) return;
      log.error("privacy.rule_failed", { rule, reason, count: known.count });
      known.count = 0;
      known.toldAtMs = nowMs;
    },
  };
}
