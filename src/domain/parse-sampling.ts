import type { DailyLimit, KeepSettings, SampleRates } from "./sampling.ts";
import { spanMs } from "./span.ts";

const SHARE = /^(?:0?\.\d{1,6}|0|[01](?:\.0{1,6})?|0\.\d{1,6})$/u;
const AMOUNT = /^\d{1,9}(?:\.\d{1,6})?$/u;

/** A number from 0 to 1, in plain digits; undefined for anything else. */
const shareOf = (text: string): number | undefined => (SHARE.test(text) ? Number(text) : undefined);

/** A number above 0, in plain digits; undefined for anything else. */
function amountOf(text: string): number | undefined {
  const amount = AMOUNT.test(text) ? Number(text) : 0;
  return amount > 0 ? amount : undefined;
}

/** Milliseconds of `800ms`, `10s` or a longer span; undefined for anything else, and for nothing at all. */
function durationMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})(ms|s)$/u.exec(text) ?? [];
  const ms = amount === undefined ? spanMs(text) : Number(amount) * (unit === "s" ? 1000 : 1);
  return ms === 0 ? undefined : ms;
}

/**
 * Reads `0.05` for all agent functions, or `generate-response=0.2,*=0.05`; those that are not named are all mirrored. Undefined
 * for anything else.
 */
export function parseSampleRates(text: string): SampleRates | undefined {
  const alone = shareOf(text.trim());
  if (alone !== undefined) return { general: alone, byFunction: new Map() };
  const rates = new Map<string, number>();
  for (const part of text.split(",")) {
    const at = part.lastIndexOf("=");
    const name = part.slice(0, Math.max(at, 0)).trim();
    const rate = shareOf(part.slice(at + 1).trim());
    if (name === "" || rate === undefined || rates.has(name)) return undefined;
    rates.set(name, rate);
  }
  const general = rates.get("*") ?? 1;
  rates.delete("*");
  return { general, byFunction: rates };
}

/** Errors and rejections, which are always kept, may be named as well. */
const NOTHING_MORE = new Set(["none", "error", "rejection"]);

/** Reads `revision,slow=10s,low-confidence=0.5,expensive=0.05` in any order, or `none`; undefined for anything else. */
export function parseKeep(text: string): KeepSettings | undefined {
  const keep = { revision: false, slowMs: null, lowConfidence: null, expensiveUsd: null } as {
    -readonly [Key in keyof KeepSettings]: KeepSettings[Key];
  };
  const seen = new Set<string>();
  for (const part of text.split(",")) {
    const [name = "", value] = part.split("=").map((side) => side.trim());
    if (seen.has(name)) return undefined;
    seen.add(name);
    if (NOTHING_MORE.has(name) && value === undefined) continue;
    if (name === "revision" && value === undefined) keep.revision = true;
    else if (name === "slow") keep.slowMs = durationMs(value ?? "") ?? null;
    else if (name === "low-confidence") keep.lowConfidence = shareOf(value ?? "") ?? null;
    else if (name === "expensive") keep.expensiveUsd = amountOf(value ?? "") ?? null;
    else return undefined;
  }
  const isWhole =
    (!seen.has("slow") || keep.slowMs !== null) &&
    (!seen.has("low-confidence") || keep.lowConfidence !== null) &&
    (!seen.has("expensive") || keep.expensiveUsd !== null);
  return isWhole ? keep : undefined;
}

/** Reads `10000` for a limit that stops, `10000,warn` for one that only warns; undefined for anything else. */
export function parseDailyLimit(text: string): DailyLimit | undefined {
  const [amountText = "", mode, ...more] = text.split(",").map((part) => part.trim());
  const amount = amountOf(amountText);
  if (amount === undefined || more.length > 0 || (mode !== undefined && mode !== "warn")) return undefined;
  return { amount, stops: mode === undefined };
}
