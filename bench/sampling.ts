/**
 * What one sampling decision costs: the rules over the facts of a suggestion that none of them keeps, which is the longest way.
 *
 *     npx tsx bench/sampling.ts [--rounds 5]
 */
import { parseArgs } from "node:util";
import { newId, traceIdOf } from "../src/domain/ids.ts";
import { decideSampling, type SamplingFacts, type SamplingPolicy } from "../src/domain/sampling.ts";
import { median, table, writeSection } from "./report.ts";

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const CALLS = 200_000;

const policy: SamplingPolicy = {
  rates: { general: 0.05, byFunction: new Map([["generate-response", 0.2]]) },
  keep: { revision: true, slowMs: 10_000, lowConfidence: 0.3, expensiveUsd: 0.05 },
  windowMs: 900_000,
  dailyUnits: null,
};
const facts: readonly SamplingFacts[] = Array.from({ length: 1000 }, () => ({
  traceId: traceIdOf(newId()),
  functionName: "generate-response",
  isError: false,
  isRejected: false,
  isRevised: false,
  latencyMs: 800,
  confidence: 0.9,
  costUsd: 0.001,
}));

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

let heldCount = 0;
const times = Array.from({ length: Number(options.rounds) }, () => {
  const startUs = cpuUs();
  for (let call = 0; call < CALLS; call += 1) {
    const row = facts[call % facts.length];
    if (row !== undefined && decideSampling(policy, row, 0).kind === "hold") heldCount += 1;
  }
  return (cpuUs() - startUs) / CALLS;
});

writeSection("sampling", [
  `CPU time of one sampling decision that no rule takes early, median of ${options.rounds} rounds of ${CALLS} calls; ${heldCount > 0 ? "most are held for feedback" : "none is held"}. Without a rate and a limit none is made.`,
  "",
  table(["what", "µs"], [["a decision", median(times).toFixed(3)]]),
]);
