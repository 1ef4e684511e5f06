import { OBSERVATION_LEVELS, OBSERVATION_TYPES } from "../../domain/observation.ts";
import type { ObservationLevel, ObservationType, Usage } from "../../domain/observation.ts";
import type { HandMadeUpdate } from "../../track/by-hand.ts";
import { isObject, textOf } from "../../track/model-answer.ts";
import { describeFinish } from "../finish.ts";
import { countOf, exclusiveUsage } from "../../track/exclusive-usage.ts";
import { createAttributeReader, parsed } from "./attribute-reader.ts";
import type { AttributeReader } from "./attribute-reader.ts";
import * as names from "./conventions.ts";
import { msOf, STATUS_ERROR } from "./otel-types.ts";
import type { Attributes, OtelSpan } from "./otel-types.ts";

/** What an ended span says. */
export type SpanFacts = {
  readonly update: HandMadeUpdate;
  /** What is said of the trace as a whole: tags, user, session, metadata. */
  readonly traceMetadata: Attributes;
  readonly firstTokenMs: number | undefined;
  readonly endMs: number;
  /** What the span failed with, where it did. */
  readonly failure: string | undefined;
};

/** Reads an ended span by the conventions its attributes follow; what none of them knows is metadata. */
export function readSpan(span: OtelSpan): SpanFacts {
  const reader = createAttributeReader(withEvents(span));
  const type = typeOf(reader, span.attributes);
  const finish = describeFinish(finishReasonOf(reader));
  const stated = statedLevel(reader);
  const firstTokenMs = firstTokenOf(reader, span);
  const traceMetadata = traceMetadataOf(reader);
  const facts: HandMadeUpdate = {
    ...finish,
    type,
    input: inputOf(reader),
    output: outputOf(reader),
    model: textOf(reader.first(names.MODEL)),
    modelParameters: parametersOf(reader),
    usage: usageOf(reader),
    costUsd: costOf(reader),
    prompt: promptOf(reader),
    ...stated,
  };
  const update = { ...facts, metadata: { ...finish.metadata, ...metadataOf(reader, span) } };
  return { update, traceMetadata, firstTokenMs, endMs: msOf(span.endTime), failure: failureOf(span, stated) };
}

/** Messages may be in events instead of attributes; the span's own attributes win. */
function withEvents({ attributes, events }: OtelSpan): Attributes {
  const all: Record<string, unknown> = {};
  for (const event of events) if (event.name.startsWith("gen_ai.")) Object.assign(all, event.attributes);
  return Object.assign(all, attributes);
}

function typeOf(reader: AttributeReader, attributes: Attributes): ObservationType {
  const stated = reader.first(["langfuse.observation.type"]);
  const own = OBSERVATION_TYPES.find((type) => type === stated);
  if (own !== undefined) return own;
  for (const [name, types] of names.TYPE_TABLES) {
    const kind = attributes[name];
    const type = typeof kind === "string" && Object.hasOwn(types, kind) ? types[kind] : undefined;
    if (type !== undefined) return type;
  }
  return attributes["gen_ai.request.model"] === undefined && attributes["gen_ai.response.model"] === undefined
    ? "span"
    : "generation";
}

function inputOf(reader: AttributeReader): unknown {
  const instructions = parsed(reader.first(["gen_ai.system_instructions"]));
  const whole = parsed(reader.first(names.INPUT));
  const lists = names.INPUT_LISTS.map((prefix) => reader.list(prefix));
  const input = whole ?? lists.find((list) => list !== undefined);
  return instructions === undefined ? input : { instructions, input };
}

function outputOf(reader: AttributeReader): unknown {
  const whole = parsed(reader.first(names.OUTPUT));
  const lists = names.OUTPUT_LISTS.map((prefix) => reader.list(prefix));
  return whole ?? lists.find((list) => list !== undefined);
}

function parametersOf(reader: AttributeReader): Attributes | undefined {
  const stated = parsed(reader.first(names.PARAMETERS));
  const named = reader.under(names.PARAMETER_PREFIX);
  if (isObject(stated)) return stated;
  return Object.keys(named).length === 0 ? undefined : named;
}

function usageOf(reader: AttributeReader): Usage | undefined {
  const stated = parsed(reader.first(["langfuse.observation.usage_details"]));
  const counted = exclusiveUsage({
    input: reader.first(names.INPUT_TOKENS),
    cacheRead: reader.first(names.CACHE_READ_TOKENS),
    cacheWrite: reader.first(names.CACHE_WRITE_TOKENS),
    output: reader.first(names.OUTPUT_TOKENS),
    reasoning: reader.first(names.REASONING_TOKENS),
  });
  if (!isObject(stated)) return counted;
  return Object.fromEntries(Object.entries(stated).filter(([, count]) => countOf(count) !== undefined)) as Usage;
}

/** USD in all; Langfuse states it by bucket, with or without their sum. */
function costOf(reader: AttributeReader): number | undefined {
  const stated = parsed(reader.first(["langfuse.observation.cost_details"]));
  const total = reader.first(names.COST);
  if (!isObject(stated)) return typeof total === "number" ? total : undefined;
  if (typeof stated["total"] === "number") return stated["total"];
  const parts = Object.values(stated).filter((part) => typeof part === "number");
  return parts.length === 0 ? undefined : parts.reduce((sum, part) => sum + part, 0);
}

function promptOf(reader: AttributeReader): HandMadeUpdate["prompt"] {
  const name = textOf(reader.first(["langfuse.observation.prompt.name"]));
  const version = reader.first(["langfuse.observation.prompt.version"]);
  if (name === undefined || (typeof version !== "number" && typeof version !== "string")) return undefined;
  return { name, version };
}

function finishReasonOf(reader: AttributeReader): string | undefined {
  const reason = parsed(reader.first(names.FINISH_REASON));
  return textOf(Array.isArray(reason) ? reason[0] : reason);
}

function statedLevel(reader: AttributeReader): { level?: ObservationLevel; statusMessage?: string } {
  const stated = reader.first(["langfuse.observation.level"]);
  const level = OBSERVATION_LEVELS.find((level) => level === stated);
  const statusMessage = textOf(reader.first(["langfuse.observation.status_message"]));
  return { ...(level && { level }), ...(statusMessage !== undefined && { statusMessage }) };
}

/** Langfuse quotes the time as JSON; the AI SDK counts from the start of the span. */
function firstTokenOf(reader: AttributeReader, { startTime }: OtelSpan): number | undefined {
  const stated = reader.first(["langfuse.observation.completion_start_time"]);
  const afterMs = reader.first(["ai.response.msToFirstChunk"]);
  const ms = typeof stated === "string" ? Date.parse(stated.replaceAll('"', "")) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  return typeof afterMs === "number" && afterMs >= 0 ? msOf(startTime) + afterMs : undefined;
}

function traceMetadataOf(reader: AttributeReader): Attributes {
  const tags = reader.first(["langfuse.trace.tags", "langfuse.tags", "tag.tags"]);
  const user = reader.first(["langfuse.user.id", "user.id"]);
  const session = reader.first(["langfuse.session.id", "session.id", "gen_ai.conversation.id"]);
  const said = { ...reader.under("langfuse.trace.metadata."), tags: parsed(tags), user_id: user, session_id: session };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function metadataOf(reader: AttributeReader, { instrumentationScope }: OtelSpan): Record<string, unknown> {
  const whole = parsed(reader.first(["langfuse.observation.metadata"]));
  const own = Object.entries(reader.under("langfuse.observation.metadata.")).map(([name, value]) => [
    name,
    parsed(value),
  ]);
  reader.under("langfuse.");
  const rest = reader.rest();
  return {
    ...(isObject(whole) && whole),
    ...(Object.fromEntries(own) as Record<string, unknown>),
    ...(Object.keys(rest).length > 0 && { attributes: rest }),
    ...(instrumentationScope && { scope: instrumentationScope.name }),
  };
}

function failureOf({ status, events }: OtelSpan, stated: { statusMessage?: string }): string | undefined {
  if (status.code !== STATUS_ERROR) return undefined;
  const exception = events.findLast(({ name }) => name === "exception")?.attributes;
  return (
    stated.statusMessage ?? textOf(status.message) ?? textOf(exception?.["exception.message"]) ?? "the span failed"
  );
}
