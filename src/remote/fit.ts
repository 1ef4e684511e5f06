import type { Usage } from "../domain/observation.ts";

// What the tracker records may be longer or deeper than what the HTTP API takes from anybody. Each rule here makes it fit
// and leaves alone what fits already.

/** What `JSON.parse` gives. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const MAX_NAME_CHARS = 200;
const MAX_BUCKET_CHARS = 100;
/** What Postgres' `integer` holds. */
const MAX_INTEGER = 2_147_483_647;

/** Cut at a whole character. */
export const cut = (text: string, maxChars = MAX_NAME_CHARS): string =>
  text.length <= maxChars ? text : text.slice(0, maxChars).toWellFormed();

/** A name is never blank. */
export const fitName = (name: string): string => (name.trim() === "" ? "unnamed" : cut(name));

/** A text that is too long ends in how much is missing. */
export function fitText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const mark = ` [cut: ${text.length - maxChars} of ${text.length} characters]`;
  return cut(text, maxChars - mark.length) + mark;
}

export function fitUsage(usage: Usage): Record<string, number> {
  return Object.fromEntries(
    Object.entries(usage).map(([bucket, count]) => [
      cut(bucket, MAX_BUCKET_CHARS),
      Math.min(MAX_INTEGER, Math.max(0, Math.round(count))),
    ]),
  );
}

export type PayloadLimits = { readonly maxDepth: number; readonly maxChars: number };

/** A payload whose JSON is longer than it may be is replaced whole; what lies too deep in it, by a mark. */
export function fitPayload<Payload extends Json | undefined>(payload: Payload, limits: PayloadLimits): Payload | Json {
  const { maxDepth, maxChars } = limits;
  if (payload === undefined) return payload;
  if (maxChars !== Infinity) {
    const { length } = JSON.stringify(payload);
    if (length > maxChars) return `[cut: ${length} characters of JSON]`;
  }
  return isDeeper(payload, maxDepth) ? shallow(payload, maxDepth) : payload;
}

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const part of Object.values(value)) if (isDeeper(part, levels - 1)) return true;
  return false;
}

function shallow(value: Json, levels: number): Json {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return "[cut: too deep]";
  if (isList(value)) return value.map((part) => shallow(part, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shallow(part, levels - 1)]));
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
