import { describe, expect, it } from "vitest";
import { parseDailyLimit, parseKeep, parseSampleRates } from "../../src/domain/parse-sampling.ts";
import {
  decideSampling,
  ruleOfAct,
  type SamplingFacts,
  type SamplingPolicy,
  shareOf,
} from "../../src/domain/sampling.ts";
import { newId, traceIdOf } from "../../src/domain/ids.ts";

const HOUR_MS = 3_600_000;

/** Nothing is in its sample. */
const policy: SamplingPolicy = {
  rates: { general: 0, byFunction: new Map([["classify-ticket", 1]]) },
  keep: { revision: true, slowMs: 5000, lowConfidence: 0.3, expensiveUsd: 0.05 },
  windowMs: HOUR_MS,
  dailyUnits: null,
};

const plain: SamplingFacts = {
  traceId: "0199d1c05b5f700080003f3c9a2b1e4d",
  functionName: "generate-response",
  isError: false,
  isRejected: false,
  isRevised: false,
  latencyMs: 800,
  confidence: 0.9,
  costUsd: 0.001,
};

const rows: readonly [string, Partial<SamplingFacts>, string][] = [
  ["an error", { isError: true }, "error"],
  ["a rejection", { isRejected: true }, "rejection"],
  ["an error that was rejected, by the first rule", { isError: true, isRejected: true, latencyMs: 9000 }, "error"],
  ["a revision", { isRevised: true }, "revision"],
  ["one as slow as the threshold", { latencyMs: 5000 }, "slow"],
  ["one below the confidence", { confidence: 0.29 }, "low-confidence"],
  ["one as expensive as the threshold", { costUsd: 0.05 }, "expensive"],
  ["an agent function whose rate is 1", { functionName: "classify-ticket" }, "sample"],
];

describe("the rules of sampling", () => {
  it.each(rows)("keep %s", (_, facts, rule) => {
    expect(decideSampling(policy, { ...plain, ...facts }, 0)).toEqual({ kind: "keep", rule });
  });

  it("look in their order, and what several would keep is counted for the first", () => {
    const cures: readonly [string, Partial<SamplingFacts>][] = [
      ["error", { isError: false }],
      ["rejection", { isRejected: false }],
      ["revision", { isRevised: false }],
      ["slow", { latencyMs: 4999 }],
      ["low-confidence", { confidence: 0.3 }],
      ["expensive", { costUsd: 0.0499 }],
      ["sample", { functionName: "another" }],
    ];
    let facts = {
      ...plain,
      isError: true,
      isRejected: true,
      isRevised: true,
      latencyMs: 9000,
      confidence: 0,
      costUsd: 1,
    };
    facts = { ...facts, functionName: "classify-ticket" };
    const kept: unknown[] = [];
    for (const [, cure] of cures) {
      kept.push(decideSampling(policy, facts, HOUR_MS));
      facts = { ...facts, ...cure } as typeof facts;
    }
    expect(kept).toEqual(cures.map(([rule]) => ({ kind: "keep", rule })));
    expect(decideSampling(policy, facts, HOUR_MS)).toEqual({ kind: "leave", rule: "not-sampled" });
  });

  it("hold the rest for the window, and then leave it out", () => {
    expect(decideSampling(policy, plain, 0)).toEqual({ kind: "hold", forMs: HOUR_MS });
    expect(decideSampling(policy, plain, HOUR_MS - 1)).toEqual({ kind: "hold", forMs: 1 });
    expect(decideSampling(policy, plain, HOUR_MS)).toEqual({ kind: "leave", rule: "not-sampled" });
    expect(decideSampling(policy, plain, -HOUR_MS)).toEqual({ kind: "hold", forMs: HOUR_MS });
  });

  it("keep nothing for what is unknown, nor by a rule that is not set", () => {
    const unknown = { ...plain, latencyMs: null, confidence: null, costUsd: null, functionName: null };
    expect(decideSampling(policy, unknown, HOUR_MS).kind).toBe("leave");
    const none = { revision: false, slowMs: null, lowConfidence: null, expensiveUsd: null };
    const all = { ...plain, isRevised: true, latencyMs: 1e6, confidence: 0, costUsd: 100 };
    expect(decideSampling({ ...policy, keep: none }, all, HOUR_MS).kind).toBe("leave");
    expect([ruleOfAct("revision", none), ruleOfAct("rejection", none), ruleOfAct("approval", policy.keep)]).toEqual([
      null,
      "rejection",
      null,
    ]);
  });

  it("have a sample that is the same everywhere, as large as its rate, and part of every larger one", () => {
    expect(shareOf("0199d1c05b5f700080003f3c9a2b1e4d")).toBe(0.1828266717493534);
    const shares = Array.from({ length: 20_000 }, () => shareOf(traceIdOf(newId())));
    for (const rate of [0.05, 0.5, 0.95]) {
      const sampled = shares.filter((share) => share < rate).length / shares.length;
      expect(Math.abs(sampled - rate)).toBeLessThan(0.02);
    }
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...shares)).toBeLessThan(1);
  });
});

describe("what is configured about sampling", () => {
  it("is a rate for all, or rates by agent function", () => {
    expect(parseSampleRates("0.05")).toEqual({ general: 0.05, byFunction: new Map() });
    expect(parseSampleRates("a=0.2, *=0.05")).toEqual({ general: 0.05, byFunction: new Map([["a", 0.2]]) });
    expect(parseSampleRates("a=0")).toEqual({ general: 1, byFunction: new Map([["a", 0]]) });
    expect(parseSampleRates("1")).toEqual({ general: 1, byFunction: new Map() });
    for (const wrong of ["", "5%", "1.5", "-0.1", "a=", "=0.1", "a=0.1,a=0.2", "0.1,a=0.2", "1e-3", "NaN"])
      expect([wrong, parseSampleRates(wrong)]).toEqual([wrong, undefined]);
  });

  it("is a list of rules with their thresholds, errors and rejections being always among them", () => {
    const none = { revision: false, slowMs: null, lowConfidence: null, expensiveUsd: null };
    expect(parseKeep("none")).toEqual(none);
    expect(parseKeep("error,rejection")).toEqual(none);
    expect(parseKeep("revision,slow=10s,low-confidence=0.5,expensive=0.05")).toEqual({
      revision: true,
      slowMs: 10_000,
      lowConfidence: 0.5,
      expensiveUsd: 0.05,
    });
    expect(parseKeep("slow=800ms")?.slowMs).toBe(800);
    expect(parseKeep("slow=2m")?.slowMs).toBe(120_000);
    for (const wrong of [
      "",
      "slow",
      "slow=",
      "slow=0s",
      "slow=fast",
      "expensive=0",
      "low-confidence=2",
      "rude",
      "revision=1",
      "slow=1s,slow=2s",
    ])
      expect([wrong, parseKeep(wrong)]).toEqual([wrong, undefined]);
  });

  it("is a limit that stops, or one that only warns", () => {
    expect(parseDailyLimit("10000")).toEqual({ amount: 10_000, stops: true });
    expect(parseDailyLimit("12.50, warn")).toEqual({ amount: 12.5, stops: false });
    for (const wrong of ["", "0", "-1", "10,stop", "10,warn,warn", "1e4", "$5"])
      expect([wrong, parseDailyLimit(wrong)]).toEqual([wrong, undefined]);
  });
});
