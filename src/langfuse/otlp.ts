import { observationIdOf } from "../domain/ids.ts";
import type { Observation } from "../domain/observation.ts";
import { storableText } from "../domain/text.ts";
import { ATTRIBUTE } from "./otlp-attributes.ts";
import type { OtlpAttribute, OtlpExportRequest, OtlpSpan } from "./otlp-types.ts";
import { attribute, attributesOf, textOf } from "./otlp-value.ts";
import { rowObservations } from "./row-observations.ts";
import { functionNameOf, traceAttributes } from "./trace-attributes.ts";
import type { TraceSource } from "../domain/trace-source.ts";
import { UPTAKE_VERSION } from "./version.ts";

/**
 * One suggestion as the spans of one Langfuse trace, root first. Pure: the same source gives the same spans, ids and
 * times included, because Langfuse 4 keeps a span that comes twice with a different start as two.
 *
 * Langfuse 4 has no trace entity: it filters and groups by what is on each row. So the trace's name, session, user,
 * tags, version and metadata are on every span.
 */
export function traceToSpans(source: TraceSource): OtlpSpan[] {
  const recorded = source.observations ?? [];
  const observations =
    recorded.length > 0 ? withText(recorded, source) : rowObservations(source, functionNameOf(source));
  const ofTrace = traceAttributes(source, source.metadata["tags"]);
  const [root, ...others] = observations;
  if (root === undefined) return [];
  const rootSpan = toSpan(source, asRoot(source, root), [...ofTrace, attribute(ATTRIBUTE.isAppRoot, true)]);
  return [
    rootSpan,
    ...others.map((o) => ({ ...toSpan(source, o, ofTrace), parentSpanId: o.parentId ?? rootSpan.spanId })),
  ];
}

/** Many traces as the body of one export. `service.version` is left out: Langfuse would take it for the prompt's version. */
export function spansRequest(traces: readonly (readonly OtlpSpan[])[]): OtlpExportRequest {
  const resource = attributesOf({
    "service.name": "uptake",
    "telemetry.sdk.name": "uptake",
    "telemetry.sdk.version": UPTAKE_VERSION,
    "telemetry.sdk.language": "nodejs",
  });
  const scope = { name: "uptake", version: UPTAKE_VERSION };
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope, spans: traces.flat() }] }] };
}

/** The observation that the scores of this trace attach to, whether or not the row names it. */
export const scoredObservationId = (traceId: string, observationId: string | null): string =>
  observationId ?? observationIdOf(traceId, 1);

/** A recorded root has no output where that is the suggestion's text, which stands in the row. */
function withText(recorded: readonly Observation[], { suggestedResponse }: TraceSource): readonly Observation[] {
  const [root, ...others] = recorded;
  return root === undefined || suggestedResponse === ""
    ? recorded
    : [{ output: suggestedResponse, ...root }, ...others];
}

function asRoot(source: TraceSource, root: Observation): Observation {
  const { trace_id: _trace, observation_id: _observation, ...about } = source.metadata;
  const { tags, ...others } = about;
  const metadata = Array.isArray(tags) ? others : about;
  const whole = { ...root, metadata: { ...metadata, ...root.metadata } };
  if (source.status !== "error") return whole;
  const message = root.statusMessage ?? failureOf(source);
  return { ...whole, level: "ERROR", ...(message === undefined ? {} : { statusMessage: message }) };
}

function failureOf(source: TraceSource): string | undefined {
  const parts = [source.errorType, source.errorMessage].filter((part) => part !== null && part !== "");
  return parts.length > 0 ? parts.join(": ") : undefined;
}

/** One observation as a span without a parent; `source.createdAt` stands for a time that cannot be read. */
export function toSpan(
  source: Pick<TraceSource, "traceId" | "createdAt">,
  observation: Observation,
  ofTrace: readonly OtlpAttribute[],
): OtlpSpan {
  const startMs = timeOf(observation.startTime, source.createdAt.getTime());
  const endMs = Math.max(startMs, timeOf(observation.endTime, startMs));
  const failed = observation.level === "ERROR";
  const message = failed ? observation.statusMessage : undefined;
  return {
    traceId: source.traceId,
    spanId: observation.id,
    name: storableText(observation.name),
    kind: 1,
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: [...observationAttributes(observation), ...ofTrace],
    status: { code: failed ? 2 : 0, ...(message === undefined ? {} : { message: storableText(message) }) },
  };
}

function observationAttributes(o: Observation): OtlpAttribute[] {
  const metadata: Record<string, string | undefined> = {};
  for (const [key, value] of Object.entries(o.metadata ?? {})) metadata[`${ATTRIBUTE.metadata}.${key}`] = textOf(value);
  return attributesOf({
    [ATTRIBUTE.type]: o.type,
    [ATTRIBUTE.input]: textOf(o.input),
    [ATTRIBUTE.output]: textOf(o.output),
    [ATTRIBUTE.level]: o.level,
    [ATTRIBUTE.statusMessage]: o.statusMessage,
    [ATTRIBUTE.model]: o.model,
    [ATTRIBUTE.modelParameters]: textOf(o.modelParameters),
    [ATTRIBUTE.usageDetails]: usageDetails(o),
    // Any cost given turns off Langfuse's own prices, so an unknown cost is not sent at all.
    [ATTRIBUTE.costDetails]: o.costUsd === undefined ? undefined : JSON.stringify({ total: o.costUsd }),
    [ATTRIBUTE.completionStartTime]: o.completionStartTime,
    ...promptAttributes(o.prompt),
    ...metadata,
  });
}

function usageDetails(o: Observation): string | undefined {
  const counts = Object.entries(o.usage ?? {}).filter(([, count]) => Number.isFinite(count) && count >= 0);
  if (counts.length === 0) return undefined;
  return JSON.stringify(Object.fromEntries(counts.map(([bucket, count]) => [bucket, Math.round(count)])));
}

/**
 * Langfuse's prompt versions are whole numbers of 16 bits. Any other is kept in the metadata instead: looking it up
 * would fail inside Langfuse's worker, which then loses the span after answering 200.
 */
function promptVersionOf(version: number | string): number | undefined {
  const isWhole = /^\d{1,5}$/.test(String(version)) && Number(version) <= 65_535;
  return isWhole ? Number(version) : undefined;
}

function promptAttributes(prompt: Observation["prompt"]): Record<string, string | number | undefined> {
  if (prompt === undefined) return {};
  const version = promptVersionOf(prompt.version);
  const versionAttribute =
    version === undefined
      ? { [`${ATTRIBUTE.metadata}.promptVersion`]: String(prompt.version) }
      : { [ATTRIBUTE.promptVersion]: version };
  return { [ATTRIBUTE.promptName]: prompt.name, ...versionAttribute };
}

/** Milliseconds of an ISO time; one that cannot be read must not keep its whole trace from being delivered. */
function timeOf(iso: string, otherwiseMs: number): number {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? otherwiseMs : ms;
}

/** Exact: a number cannot hold nanoseconds since 1970. */
const nanoseconds = (ms: number): string => (BigInt(ms) * 1_000_000n).toString();
