import { parseDailyLimit, parseKeep, parseSampleRates } from "../domain/parse-sampling.ts";
import type { SamplingPolicy } from "../domain/sampling.ts";
import { spanMs } from "../domain/span.ts";
import type { Config, FoundValues } from "./config.ts";

const EVERYTHING = { general: 1, byFunction: new Map<string, number>() };
const NOTHING_MORE = { revision: false, slowMs: null, lowConfidence: null, expensiveUsd: null };

/** What bounds costs. Nothing is sampled where there is neither a rate nor a limit: the rules alone only say what is kept. */
export function readLimits(values: FoundValues): Pick<Config, "sampling" | "modelLimit"> {
  const text = (key: Parameters<FoundValues["get"]>[0]): string => values.get(key)?.text ?? "";
  const rates = parseSampleRates(text("mirrorSample"));
  const dailyUnits = parseDailyLimit(text("mirrorDailyLimit")) ?? null;
  const policy: SamplingPolicy = {
    rates: rates ?? EVERYTHING,
    keep: parseKeep(text("mirrorKeep")) ?? NOTHING_MORE,
    windowMs: spanMs(text("mirrorWindow")) ?? 0,
    dailyUnits,
  };
  return {
    sampling: rates === undefined && dailyUnits === null ? null : policy,
    modelLimit: parseDailyLimit(text("modelDailyLimit")) ?? null,
  };
}
