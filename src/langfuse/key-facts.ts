import { ATTRIBUTE } from "./otlp-attributes.ts";
import type { OtlpSpan } from "./otlp-types.ts";
import type { ScoreEvent } from "./scores.ts";

/** What an observation or score must not differ in; times in milliseconds since 1970. A fact that is not known is left out. */
export type KeyFacts = Readonly<Record<string, string | number | null>>;

/** The key facts of an observation, as this span states them. */
export function factsOfSpan(span: OtlpSpan): KeyFacts {
  return {
    name: span.name,
    type: (textAttribute(span, ATTRIBUTE.type) ?? "span").toUpperCase(),
    model: textAttribute(span, ATTRIBUTE.model),
    startTime: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
    parentObservationId: span.parentSpanId ?? null,
  };
}

/** The key facts of a score, as this event states them. */
export function factsOfScore({ timestamp, body }: ScoreEvent): KeyFacts {
  return {
    name: body.name,
    dataType: body.dataType,
    value: body.value,
    traceId: body.traceId,
    observationId: body.observationId ?? null,
    timestamp: Date.parse(timestamp),
  };
}

/** In plain words what is different; empty where every fact that both know is the same. */
export function differences(expected: KeyFacts, found: KeyFacts): string[] {
  return Object.entries(expected).flatMap(([name, should]) => {
    const is = found[name];
    return is === undefined || isSame(name, is, should)
      ? []
      : [`${name} is ${shown(name, is)}, not ${shown(name, should)}`];
  });
}

/** A score's value may have gone through another binary form on the way; times and names are exact. */
const VALUE_TOLERANCE = 1e-9;

function isSame(name: string, is: string | number | null, should: string | number | null): boolean {
  if (name !== "value" || typeof is !== "number" || typeof should !== "number") return is === should;
  return Math.abs(is - should) <= VALUE_TOLERANCE * Math.max(Math.abs(is), Math.abs(should));
}

const MAX_SHOWN_CHARS = 60;

function shown(name: string, value: string | number | null): string {
  if (value === null) return "none";
  if (typeof value === "number") return name.startsWith("time") || name === "startTime" ? iso(value) : String(value);
  return JSON.stringify(value.length > MAX_SHOWN_CHARS ? `${value.slice(0, MAX_SHOWN_CHARS)}…` : value);
}

function iso(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

function textAttribute(span: OtlpSpan, key: string): string | null {
  const value = span.attributes.find((attribute) => attribute.key === key)?.value;
  return value !== undefined && "stringValue" in value ? value.stringValue : null;
}
