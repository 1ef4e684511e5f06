import { storableJson } from "../domain/text.ts";

/** Longest payload kept for one input or output, in characters of content. */
export const MAX_PAYLOAD_CHARS = 200_000;
const MAX_DEPTH = 64;
/** What a number, a bracket pair or a comma is counted as; exactness is not the point of a bound. */
const CHARS_PER_NODE = 4;

/**
 * JSON text of any value, at the moment it is given: never throws, never longer than about `maxChars` of content, and
 * Postgres can hold it. What JSON has no word for is described ("[circular]", "[function name]", `12n` as "12"); what
 * is too long is cut with a marker that says how much. `undefined` gives undefined: there is no payload.
 */
export function serialise(value: unknown, maxChars = MAX_PAYLOAD_CHARS): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value.length <= maxChars) return quote(value);
  if (isPlainNumber(value) || typeof value === "boolean") return String(value);
  try {
    return storableJson(JSON.stringify(isPlain(value, maxChars) ? value : describe(value, maxChars)));
  } catch (error) {
    return JSON.stringify(`[not readable: ${nameOf(error)}]`);
  }
}

/** Whose text is its JSON; of minus zero it is that of zero in both. */
const isPlainNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

const PLAIN_TEXT = /^[\w .:/-]*$/;
const LONGEST_NAME = 60;

/** JSON of a text. Names and ids, most of what a record holds, need no escape, and to see that is cheaper than to stringify. */
export function quote(text: string): string {
  if (text.length <= LONGEST_NAME && PLAIN_TEXT.test(text)) return `"${text}"`;
  return storableJson(JSON.stringify(text));
}

/** The text, cut to `maxChars` with a marker that says how much there was. */
export function cutText(text: string, maxChars = MAX_PAYLOAD_CHARS): string {
  if (text.length <= maxChars) return text;
  const kept = text.slice(0, maxChars).toWellFormed();
  return `${kept} [cut: ${text.length - maxChars} of ${text.length} characters]`;
}

function isPlain(value: unknown, maxChars: number): boolean {
  try {
    return measure(value, maxChars, 0) >= 0;
  } catch {
    return false;
  }
}

/**
 * What is left of `room` after this value, negative where it does not fit or is anything but plain data. Plain data
 * goes to the native `JSON.stringify` unchanged; one cheap walk beforehand is a third of what a replacer would cost,
 * and it stops at the bound instead of building a string of any size first. Cycles end at the depth limit.
 */
function measure(value: unknown, room: number, depth: number): number {
  if (typeof value === "string") return room - value.length - CHARS_PER_NODE;
  if (typeof value === "number") return Number.isFinite(value) ? room - CHARS_PER_NODE : -1;
  if (typeof value === "boolean" || value === null) return room - CHARS_PER_NODE;
  if (typeof value !== "object" || depth > MAX_DEPTH) return -1;
  return Array.isArray(value) ? measureItems(value, room, depth) : measureProperties(value, room, depth);
}

function measureItems(items: readonly unknown[], room: number, depth: number): number {
  let left = room - CHARS_PER_NODE;
  for (let index = 0; index < items.length && left >= 0; index++) left = measure(items[index], left, depth + 1);
  return left;
}

function measureProperties(value: object, room: number, depth: number): number {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return -1;
  let left = room - CHARS_PER_NODE;
  const properties = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(properties)) {
    const property = properties[key];
    // JSON leaves an undefined property out, which is what people expect; everything else has to be plain.
    if (property === undefined && key !== "toJSON") continue;
    left = measure(property, left - key.length, depth + 1);
    if (left < 0) return -1;
  }
  return left;
}

type Budget = { room: number; readonly above: object[] };

/** The same value as plain data within the bound: the slow road, for what is not plain or too long. */
function describe(value: unknown, maxChars: number): unknown {
  return plain(value, { room: maxChars, above: [] });
}

function plain(value: unknown, budget: Budget): unknown {
  budget.room -= CHARS_PER_NODE;
  switch (typeof value) {
    case "string":
      return plainText(value, budget);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "bigint":
      return plainText(value.toString(), budget);
    case "undefined":
      return null;
    case "function":
      return `[function ${value.name || "without a name"}]`;
    case "symbol":
      return `[${value.toString()}]`;
    case "object":
      return value === null ? null : plainObject(value, budget);
  }
  return null;
}

function plainText(text: string, budget: Budget): string {
  const room = Math.max(budget.room, 0);
  budget.room -= text.length;
  return cutText(text, room);
}

function plainObject(value: object, budget: Budget): unknown {
  if (budget.above.includes(value)) return "[circular]";
  if (budget.above.length >= MAX_DEPTH) return `[cut: deeper than ${MAX_DEPTH} levels]`;
  budget.above.push(value);
  try {
    return convert(value, budget);
  } catch (error) {
    return `[not readable: ${nameOf(error)}]`;
  } finally {
    budget.above.pop();
  }
}

function convert(value: object, budget: Budget): unknown {
  if (Array.isArray(value)) return plainItems(value, value.length, budget);
  if (value instanceof Error) return plainError(value, budget);
  if (value instanceof Map) {
    return { map: plainItems(value.entries(), value.size, budget) };
  }
  if (value instanceof Set) return { set: plainItems(value.values(), value.size, budget) };
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return `[${value.constructor.name} of ${value.byteLength} bytes]`;
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid Date]" : value.toISOString();
  if (value instanceof RegExp) return plainText(value.toString(), budget);
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") return plain(Reflect.apply(toJSON, value, []), budget);
  return plainProperties(value, Object.keys(value), budget);
}

function plainItems(items: Iterable<unknown>, count: number, budget: Budget): unknown[] {
  const out: unknown[] = [];
  for (const item of items) {
    if (budget.room <= 0) {
      out.push(`[cut: ${count - out.length} of ${count} items]`);
      break;
    }
    out.push(plain(item, budget));
  }
  return out;
}

function plainProperties(value: object, keys: readonly string[], budget: Budget): Record<string, unknown> {
  // A null prototype, so that a property called __proto__ is one more property.
  const out = Object.create(null) as Record<string, unknown>;
  let kept = 0;
  for (const key of keys) {
    if (budget.room <= 0) {
      out["[cut]"] = `${keys.length - kept} of ${keys.length} properties`;
      break;
    }
    budget.room -= key.length;
    const property = read(value, key);
    if (property !== undefined) out[cutText(key, 1_000)] = plain(property, budget);
    kept++;
  }
  return out;
}

function plainError(error: Error, budget: Budget): Record<string, unknown> {
  const out = plainProperties(error, Object.keys(error), budget);
  out["name"] = plain(read(error, "name"), budget);
  out["message"] = plain(read(error, "message"), budget);
  const cause = read(error, "cause");
  if (cause !== undefined) out["cause"] = plain(cause, budget);
  return out;
}

function read(value: object, key: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[key];
  } catch (error) {
    return `[not readable: ${nameOf(error)}]`;
  }
}

/** What to call an error in a column of its own: its name, else its class, else the type of what was thrown. */
export function nameOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return error === null ? "null" : typeof error;
    const name: unknown = error.name;
    return typeof name === "string" && name !== "Error" && name !== "" ? name : error.constructor.name || "Error";
  } catch {
    return "unknown";
  }
}

/** An error's message, or the thrown thing itself as text; never throws. */
export function messageOf(error: unknown): string {
  try {
    const said: unknown = error instanceof Error ? error.message : error;
    return typeof said === "string" ? said : (serialise(said) ?? "undefined");
  } catch {
    return "[not readable]";
  }
}
