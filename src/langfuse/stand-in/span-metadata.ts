import { ATTRIBUTE } from "../otlp-attributes.ts";
import type { SpanContext } from "./span-to-observation.ts";

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/**
 * A row's metadata as Langfuse 4 flattens it: resource and scope, the span's own attributes unless Langfuse's SDK made
 * it, then the observation's metadata, then the trace's, which wins. Nested objects become dotted paths.
 */
export function metadataOf({ attributes, resource, scope }: SpanContext): Record<string, string> {
  const isLangfuseSdk = scope.name.startsWith("langfuse-sdk");
  const flat: Record<string, string> = {};
  if (!isLangfuseSdk) flatten(flat, "attributes", unmapped(attributes));
  flatten(flat, "resourceAttributes", resource);
  flatten(flat, "scope", { name: scope.name, version: scope.version, attributes: scope.attributes });
  for (const prefix of ["langfuse.metadata", ATTRIBUTE.metadata, ATTRIBUTE.traceMetadata]) {
    for (const [key, value] of Object.entries(attributes)) {
      if (key === prefix) flattenObject(flat, value);
      else if (key.startsWith(`${prefix}.`)) flatten(flat, key.slice(prefix.length + 1), value);
    }
  }
  return flat;
}

/**
 * An observation's metadata as Langfuse 3 keeps it: the same parts, but a nested object stays one value, as JSON, and what
 * was said of the trace goes to the trace.
 */
export function unflattenedMetadata(context: SpanContext): Record<string, string> {
  return { ...ownMetadata(context.attributes, ATTRIBUTE.metadata), ...spanSurroundings(context, true) };
}

/** What the attributes under one prefix say: a bare JSON object, and single keys. */
export function ownMetadata(attributes: Readonly<Record<string, unknown>>, prefix: string): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [key, value] of Object.entries(attributes)) {
    const bare = key === prefix && typeof value === "string" ? tryParse(value) : undefined;
    if (typeof bare === "object" && bare !== null && !Array.isArray(bare)) keep(own, Object.entries(bare));
    else if (key.startsWith(`${prefix}.`)) keep(own, [[key.slice(prefix.length + 1), value]]);
  }
  return own;
}

/** Resource and scope; the span's unmapped attributes too, unless Langfuse's SDK made it. */
export function spanSurroundings(context: SpanContext, withAttributes: boolean): Record<string, string> {
  const { attributes, resource, scope } = context;
  const isLangfuseSdk = scope.name.startsWith("langfuse-sdk");
  return {
    ...(isLangfuseSdk || !withAttributes ? {} : { attributes: JSON.stringify(unmapped(attributes)) }),
    resourceAttributes: JSON.stringify(resource),
    scope: JSON.stringify({ name: scope.name, version: scope.version, attributes: scope.attributes }),
  };
}

function keep(into: Record<string, string>, entries: readonly (readonly [string, unknown])[]): void {
  for (const [key, value] of entries) {
    if (value === undefined || value === null || FORBIDDEN.has(key)) continue;
    into[key] = typeof value === "string" ? value : JSON.stringify(value);
  }
}

/** Everything but input, output and metadata, which have their own places; the rest of `langfuse.*` is kept twice. */
function unmapped(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const placed = [ATTRIBUTE.input, ATTRIBUTE.output, ATTRIBUTE.metadata, ATTRIBUTE.traceMetadata];
  const others = Object.entries(attributes).filter(([key]) => !placed.some((prefix) => key.startsWith(prefix)));
  return Object.fromEntries(
    others.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** A bare metadata attribute must hold a JSON object; anything else is dropped. */
function flattenObject(into: Record<string, string>, value: unknown): void {
  const parsed = typeof value === "string" && value.startsWith("{") ? tryParse(value) : value;
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return;
  for (const [key, item] of Object.entries(parsed)) flatten(into, key, item);
}

function flatten(into: Record<string, string>, path: string, value: unknown): void {
  if (value === undefined || value === null || path.split(".").some((part) => FORBIDDEN.has(part))) return;
  if (typeof value === "string" && value.startsWith("{")) {
    const parsed = tryParse(value);
    if (parsed !== undefined) return flatten(into, path, parsed);
  }
  if (typeof value === "object" && !Array.isArray(value)) {
    for (const [key, item] of Object.entries(value)) flatten(into, `${path}.${key}`, item);
    return;
  }
  into[path] = typeof value === "string" ? value : JSON.stringify(value);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
