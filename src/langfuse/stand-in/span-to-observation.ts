import { normalizeEnvironment } from "../environment.ts";
import type { LangfuseDialect } from "../dialect.ts";
import { ATTRIBUTE } from "../otlp-attributes.ts";
import type { AttributeMap, IncomingSpan } from "./otlp-check.ts";
import { metadataOf, unflattenedMetadata } from "./span-metadata.ts";
import type { StoredObservation } from "./stored.ts";

export type SpanContext = {
  readonly span: IncomingSpan;
  readonly attributes: AttributeMap;
  readonly resource: AttributeMap;
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: AttributeMap };
  readonly receivedAt: string;
  readonly dialect: LangfuseDialect;
};

const TYPES = "span generation event embedding agent tool chain retriever guardrail evaluator".split(" ");
const LEVELS = new Set(["DEBUG", "DEFAULT", "WARNING", "ERROR"]);

/**
 * One span as the row Langfuse makes of it (langfuse v4.16.0, OtelIngestionProcessor.ts): the `langfuse.*` attributes
 * and the plain `gen_ai.*` ones. The many heuristics for other instrumentations are left out.
 */
export function spanToObservation(context: SpanContext): StoredObservation {
  const { span, attributes: a, resource } = context;
  const type = typeOf(a);
  const parent = span.parentSpanId ?? "";
  const name = text(a[ATTRIBUTE.traceName]);
  const cost = numbers(a[ATTRIBUTE.costDetails]);
  return {
    id: span.spanId.toLowerCase(),
    traceId: span.traceId.toLowerCase(),
    startTime: isoOf(span.startTimeUnixNano),
    endTime: span.endTimeUnixNano ? isoOf(span.endTimeUnixNano) : null,
    parentObservationId: parent === "" ? null : parent.toLowerCase(),
    type,
    isRootObservation: parent === "" || text(a[ATTRIBUTE.isAppRoot]) === "true",
    name: span.name,
    ...levelOf(span, a),
    version: text(a[ATTRIBUTE.version]) ?? text(resource["service.version"]),
    environment: environmentOf(a, resource),
    userId: firstText(a, ["langfuse.user.id", ATTRIBUTE.userId]),
    sessionId: firstText(a, ["langfuse.session.id", ATTRIBUTE.sessionId, "gen_ai.conversation.id"]),
    completionStartTime: firstTokenOf(a),
    input: firstText(a, [ATTRIBUTE.input, "gen_ai.input.messages", "input.value"]),
    output: firstText(a, [ATTRIBUTE.output, "gen_ai.output.messages", "output.value"]),
    metadata: context.dialect === "v4" ? metadataOf(context) : unflattenedMetadata(context),
    ...modelOf(a),
    usageDetails: usageOf(a),
    costDetails: cost,
    totalCost: totalOf(cost),
    ...promptOf(a, type),
    traceName: name ?? (parent === "" ? span.name : null),
    tags: tagsOf(a[ATTRIBUTE.traceTags] ?? a["langfuse.tags"]),
    release: text(a[ATTRIBUTE.release]) ?? text(resource[ATTRIBUTE.release]),
    public: text(a["langfuse.trace.public"] ?? a["langfuse.public"]) === "true",
    receivedAt: context.receivedAt,
  };
}

function typeOf(a: AttributeMap): string {
  const given = text(a[ATTRIBUTE.type])?.toLowerCase() ?? "";
  if (TYPES.includes(given)) return given.toUpperCase();
  return a["gen_ai.request.model"] !== undefined || a[ATTRIBUTE.model] !== undefined ? "GENERATION" : "SPAN";
}

function levelOf(span: IncomingSpan, a: AttributeMap): Pick<StoredObservation, "level" | "statusMessage"> {
  const given = text(a[ATTRIBUTE.level])?.toUpperCase() ?? "";
  const failed = span.status?.code === 2 || span.status?.code === "STATUS_CODE_ERROR";
  const level = LEVELS.has(given) ? given : failed ? "ERROR" : "DEFAULT";
  return { level, statusMessage: text(a[ATTRIBUTE.statusMessage]) ?? span.status?.message ?? null };
}

function environmentOf(a: AttributeMap, resource: AttributeMap): string {
  for (const key of [ATTRIBUTE.environment, "deployment.environment.name", "deployment.environment"]) {
    const found = text(a[key]) ?? text(resource[key]);
    if (found) return normalizeEnvironment(found);
  }
  return "default";
}

function modelOf(a: AttributeMap): Pick<StoredObservation, "model" | "modelParameters"> {
  const parsed = parse(a[ATTRIBUTE.modelParameters]);
  const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  return {
    model: firstText(a, [ATTRIBUTE.model, "gen_ai.response.model", "ai.model.id", "gen_ai.request.model"]),
    modelParameters: isObject ? Object.fromEntries(Object.entries(parsed)) : {},
  };
}

function usageOf(a: AttributeMap): Record<string, number> {
  const given = numbers(a[ATTRIBUTE.usageDetails], Number.isInteger);
  const input = a["gen_ai.usage.input_tokens"] ?? a["gen_ai.usage.prompt_tokens"];
  const output = a["gen_ai.usage.output_tokens"] ?? a["gen_ai.usage.completion_tokens"];
  const usage = Object.keys(given).length > 0 ? given : numbers({ input, output }, Number.isInteger);
  if (Object.keys(usage).length === 0 || usage["total"] !== undefined) return usage;
  return { ...usage, total: Object.values(usage).reduce((sum, count) => sum + count, 0) };
}

function totalOf(cost: Readonly<Record<string, number>>): number | null {
  const keys = Object.keys(cost);
  if (cost["total"] !== undefined) return cost["total"];
  const derivable = keys.length > 0 && keys.every((key) => key === "input" || key === "output");
  return derivable ? Object.values(cost).reduce((sum, usd) => sum + usd, 0) : null;
}

function promptOf(a: AttributeMap, type: string): Pick<StoredObservation, "promptName" | "promptVersion"> {
  if (type !== "GENERATION") return { promptName: null, promptVersion: null };
  const version = Number.parseInt(text(a[ATTRIBUTE.promptVersion]) ?? "", 10);
  const fits = version >= 0 && version <= 65_535;
  return { promptName: text(a[ATTRIBUTE.promptName]), promptVersion: fits ? version : null };
}

/** The official processor writes the time as a JSON string, quotes included. */
function firstTokenOf(a: AttributeMap): string | null {
  const given = text(a[ATTRIBUTE.completionStartTime])?.replaceAll('"', "");
  const ms = Date.parse(given ?? "");
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

function tagsOf(value: unknown): string[] {
  const parsed = typeof value === "string" && value.startsWith("[") ? parse(value) : value;
  if (Array.isArray(parsed)) return parsed.map(String);
  return typeof parsed === "string" && parsed !== "" ? parsed.split(",").map((tag) => tag.trim()) : [];
}

/** Floored to milliseconds, as Langfuse does. */
function isoOf(nanoseconds: string | number): string {
  return new Date(Number(BigInt(nanoseconds) / 1_000_000n)).toISOString();
}

function numbers(value: unknown, allow: (n: number) => boolean = Number.isFinite): Record<string, number> {
  const parsed = typeof value === "string" ? parse(value) : value;
  if (typeof parsed !== "object" || parsed === null) return {};
  const counts: Record<string, number> = {};
  for (const [key, n] of Object.entries<unknown>({ ...parsed })) {
    if (typeof n === "number" && n >= 0 && allow(n)) counts[key] = n;
  }
  return counts;
}

function parse(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function firstText(a: AttributeMap, keys: readonly string[]): string | null {
  const key = keys.find((candidate) => a[candidate] !== undefined && a[candidate] !== "");
  return key === undefined ? null : text(a[key]);
}

function text(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
