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
