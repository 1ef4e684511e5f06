import { spanMs } from "./span.ts";

/** How long nobody may act on a suggestion until it is expired, and a row may stay pending until it is abandoned; null: for ever. */
export type ExpiryWindows = {
  readonly expireAfterMs: number | null;
  /** By agent function, where it differs from the others. */
  readonly byFunction: ReadonlyMap<string, number | null>;
  readonly abandonAfterMs: number | null;
};

/** What one pass closed. */
export type ExpiryReport = { readonly expiredCount: number; readonly abandonedCount: number };

/** Milliseconds of `15m`, `6h`, `7d`, `2w`; null for `never`; undefined for anything else, and for nothing at all such as `0m`. */
export function parseSpan(text: string): number | null | undefined {
  if (text === "never") return null;
  return spanMs(text) || undefined;
}

/**
 * Reads windows by agent function, `7d` for all or `7d,draft-reply=2d,classify=never`; undefined for anything else.
 *
 * @example parseWindows("7d,classify=never")?.byFunction.get("classify") // null
 */
export function parseWindows(text: string): Pick<ExpiryWindows, "expireAfterMs" | "byFunction"> | undefined {
  const [general = "", ...others] = text.split(",").map((part) => part.trim());
  const expireAfterMs = parseSpan(general);
  if (expireAfterMs === undefined) return undefined;
  const byFunction = new Map<string, number | null>();
  for (const other of others) {
    const at = other.lastIndexOf("=");
    const functionName = other.slice(0, Math.max(at, 0)).trim();
    const span = parseSpan(other.slice(at + 1).trim());
    if (functionName === "" || span === undefined || byFunction.has(functionName)) return undefined;
    byFunction.set(functionName, span);
  }
  return { expireAfterMs, byFunction };
}
