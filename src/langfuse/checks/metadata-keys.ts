import { isRecord } from "./record.ts";

/** Langfuse drops what stands under these names, at any depth and as any part of a dotted name. */
const DROPPED = new Set(["__proto__", "constructor", "prototype", ""]);
const MAX_DEPTH = 64;

const isDropped = (key: string): boolean =>
  key.includes(".") ? key.split(".").some((part) => DROPPED.has(part)) : DROPPED.has(key);

/** `constructor` becomes `constructor_`, no name at all `_`. */
const renamed = (key: string): string =>
  key
    .split(".")
    .map((part) => (DROPPED.has(part) ? `${part}_` : part))
    .join(".");

/**
 * The same metadata with every name one that Langfuse keeps; the same object where nothing had to be renamed. What lies
 * deeper than anybody reads stays as it is.
 */
export function renameKeys(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const value = rename(metadata, 0);
  return isRecord(value) ? value : metadata;
}

function rename(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return value;
  if (typeof value === "string" && value.startsWith("{")) return renameInText(value, depth);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value);
  const items = keys.map((key) => rename(value[key], depth + 1));
  // Nearly always: nothing is written anew.
  if (!keys.some((key, index) => isDropped(key) || !Object.is(items[index], value[key]))) return value;
  const taken = new Set(keys);
  return Object.fromEntries(
    keys.map((key, index) => [isDropped(key) ? freeName(renamed(key), taken) : key, items[index]]),
  );
}

/** The name, lengthened until nothing else has it. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  while (taken.has(free)) free += "_";
  return free;
}

/** Langfuse reads a text that holds a JSON object as that object. */
function renameInText(text: string, depth: number): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text;
  }
  const kept = rename(parsed, depth + 1);
  return kept === parsed ? text : JSON.stringify(kept);
}
