/** What of a finished suggestion decides whether its trace is mirrored; what is unknown is null and keeps nothing. */
export type SamplingFacts = {
  readonly traceId: string;
  readonly functionName: string | null;
  readonly isError: boolean;
  /** Whether any person has ever rejected or revised it, whatever was said later. */
  readonly isRejected: boolean;
  readonly isRevised: boolean;
  readonly latencyMs: number | null;
  readonly confidence: number | null;
  readonly costUsd: number | null;
};

/** What is always mirrored besides errors and rejections; null and false: no such rule. */
export type KeepSettings = {
  readonly revision: boolean;
  /** At least so slow. */
  readonly slowMs: number | null;
  /** Below it. */
  readonly lowConfidence: number | null;
  /** At least so expensive. */
  readonly expensiveUsd: number | null;
};

/** Shares of traces that are mirrored whatever happens to them, 0 to 1. */
export type SampleRates = { readonly general: number; readonly byFunction: ReadonlyMap<string, number> };

/** How much a UTC day may have; from four fifths on there is a warning, and past it a stop unless only the warning is wanted. */
export type DailyLimit = { readonly amount: number; readonly stops: boolean };

export const WARNING_SHARE = 0.8;

export type SamplingPolicy = {
  readonly rates: SampleRates;
  readonly keep: KeepSettings;
  /** How long feedback may take until a trace that no rule keeps is left out. */
  readonly windowMs: number;
  /** Of units as Langfuse bills them, for each project; null: as many as there are. */
  readonly dailyUnits: DailyLimit | null;
};

type Rule = { readonly name: string; readonly keeps: (facts: SamplingFacts, keep: KeepSettings) => boolean };

/** Looked at in this order; the first that keeps a trace is the one that is counted. */
const KEEP_RULES = [
  { name: "error", keeps: ({ isError }) => isError },
  { name: "rejection", keeps: ({ isRejected }) => isRejected },
  { name: "revision", keeps: ({ isRevised }, keep) => keep.revision && isRevised },
  { name: "slow", keeps: ({ latencyMs }, { slowMs }) => slowMs !== null && latencyMs !== null && latencyMs >= slowMs },
  {
    name: "low-confidence",
    keeps: ({ confidence }, { lowConfidence }) =>
      lowConfidence !== null && confidence !== null && confidence < lowConfidence,
  },
  {
    name: "expensive",
    keeps: ({ costUsd }, { expensiveUsd }) => expensiveUsd !== null && costUsd !== null && costUsd >= expensiveUsd,
  },
] as const satisfies readonly Rule[];

/** Why a trace is mirrored: a rule that keeps it, or its place in the sample. */
export type KeepRule = (typeof KEEP_RULES)[number]["name"] | "sample";
/** Why a trace is left out: the sample has it not, or the day's budget was spent. */
export type LeaveRule = "not-sampled" | "budget";

/** What no budget leaves out: it waits for the next day instead. */
export const MUST_RULES: readonly string[] = ["error", "rejection"] satisfies readonly KeepRule[];
export const isMust = (rule: string | null): boolean => rule !== null && MUST_RULES.includes(rule);

export type SamplingDecision =
  | { readonly kind: "keep"; readonly rule: KeepRule }
  | { readonly kind: "leave"; readonly rule: LeaveRule }
  /** Feedback may still come. */
  | { readonly kind: "hold"; readonly forMs: number };

/**
 * Whether a trace is mirrored, so long after its message was written. Says the same in every process and at every retry, and
 * what it keeps once it keeps at any later time and under any higher rate.
 */
export function decideSampling(policy: SamplingPolicy, facts: SamplingFacts, ageMs: number): SamplingDecision {
  for (const { name, keeps } of KEEP_RULES) if (keeps(facts, policy.keep)) return { kind: "keep", rule: name };
  if (shareOf(facts.traceId) < rateOf(policy.rates, facts.functionName)) return { kind: "keep", rule: "sample" };
  // A clock that was set back must not hold it for longer than the window.
  const forMs = Math.min(policy.windowMs - ageMs, policy.windowMs);
  return forMs > 0 ? { kind: "hold", forMs } : { kind: "leave", rule: "not-sampled" };
}

/** The rule by which an act brings its trace into the mirror, if it does. */
export function ruleOfAct(type: string, keep: KeepSettings): KeepRule | null {
  if (type === "rejection") return "rejection";
  return type === "revision" && keep.revision ? "revision" : null;
}

const rateOf = ({ general, byFunction }: SampleRates, functionName: string | null): number =>
  functionName === null ? general : (byFunction.get(functionName) ?? general);

/** Where a trace stands between 0 and 1: FNV-1a of its id, mixed as MurmurHash3 does, since ids differ in few places. */
export function shareOf(traceId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < traceId.length; at += 1) hash = Math.imul(hash ^ traceId.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
