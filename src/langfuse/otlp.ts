import type { UptakeError } from "../domain/errors.ts";
import { observationIdOf } from "../domain/ids.ts";
import type { Observation } from "../domain/observation.ts";
import { storableText } from "../domain/text.ts";
import { isPromptVersion, observationRules } from "./checks/observation-rules.ts";
import { isRecord } from "./checks/record.ts";
import { TRACE_ROW_RULES } from "./checks/row-rules.ts";
import { applyRules, type Note, noteNothing, type RuleFacts, unsendable } from "./checks/rule.ts";
import { type DraftSpan, finishSpans } from "./checks/span-rules.ts";
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
 *
 * What Langfuse would drop or refuse goes through the rules in `checks/`; `note` is told what they changed. Throws
 * `mirror_failed` for what no rule can mend.
 */
export function traceToSpans(row: TraceSource, note: Note = noteNothing): OtlpSpan[] {
  const ofRow: RuleFacts[] = [];
  const source = applyRules(row, TRACE_ROW_RULES, (rule) => {
    note(rule);
    ofRow.push(rule);
  });
  if (source === undefined) return [];
  const recorded = recordedIn(source);
  const observations =
    recorded.length > 0 ? withText(recorded, source) : rowObservations(source, functionNameOf(source));
  const ofTrace = traceAttributes(source, source.metadata["tags"]);
  const [root, ...others] = observations;
  if (root === undefined) return [];
  const rootDraft = toDraft(source, asRoot(source, root), [...ofTrace, attribute(ATTRIBUTE.isAppRoot, true)], note);
  const drafts = others.map((observation) => {
    const draft = toDraft(source, observation, ofTrace, note);
    return draft.span.parentSpanId === undefined
      ? { ...draft, span: { ...draft.span, parentSpanId: rootDraft.span.spanId } }
      : draft;
  });
  const { parentSpanId: _parent, ...rootSpan } = rootDraft.span;
  return finishSpans([{ span: rootSpan, adjusted: [...ofRow, ...rootDraft.adjusted] }, ...drafts], note);
}

/** What was recorded of the run, without fields that say nothing; a host may have written something else there. */
function recordedIn({ observations }: TraceSource): Observation[] {
  if (observations === null) return [];
  if (!Array.isArray(observations)) throw noObservation("observations", observations);
  return observations.map((o: unknown, index) => {
    if (!isRecord(o)) throw noObservation(`observations[${index}]`, o);
    // Whatever else this object is, the rules find out.
    return withoutNulls(o) as Observation;
  });
}

function noObservation(field: string, value: unknown): UptakeError {
  const expected = field === "observations" ? "a list of observations" : "an observation";
  return unsendable("shape", field, value, { expected, remedy: "correct ai_traces.observations" });
}

function withoutNulls(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const saysSomething = (field: string): boolean => fields[field] !== null || field === "parentId";
  const names = Object.keys(fields);
  if (names.every(saysSomething)) return fields;
  return Object.fromEntries(names.filter(saysSomething).map((field) => [field, fields[field]]));
}

/** Spans as the body of one export. `service.version` is left out: Langfuse would take it for the prompt's version. */
export function spansRequest(spans: readonly OtlpSpan[]): OtlpExportRequest {
  const resource = attributesOf([
    ["service.name", "uptake"],
    ["telemetry.sdk.name", "uptake"],
    ["telemetry.sdk.version", UPTAKE_VERSION],
    ["telemetry.sdk.language", "nodejs"],
  ]);
  const scope = { name: "uptake", version: UPTAKE_VERSION };
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope, spans }] }] };
}

const [BEFORE_SPANS = "", AFTER_SPANS = ""] = JSON.stringify(spansRequest([])).split("[]");

/** The same as JSON, of spans that are JSON already. */
export const spansRequestJson = (spans: readonly string[]): string =>
  `${BEFORE_SPANS}[${spans.join(",")}]${AFTER_SPANS}`;

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
  const own = root.metadata === undefined || isRecord(root.metadata) ? root.metadata : { metadata: root.metadata };
  const whole = { ...root, metadata: { ...metadata, ...own } };
  if (source.status !== "error") return whole;
  const message = root.statusMessage ?? failureOf(source);
  return { ...whole, level: "ERROR", ...(message === undefined ? {} : { statusMessage: message }) };
}

function failureOf(source: TraceSource): string | undefined {
  const parts = [source.errorType, source.errorMessage].filter((part) => part !== null && part !== "");
  return parts.length > 0 ? parts.join(": ") : undefined;
}

/** One observation as a span, and what the rules did to it; `source.createdAt` stands for a start that cannot be read. */
export function toDraft(
  source: Pick<TraceSource, "traceId" | "createdAt">,
  recorded: Observation,
  ofTrace: readonly OtlpAttribute[],
  note: Note,
): DraftSpan {
  const adjusted: RuleFacts[] = [];
  const observation =
    applyRules(recorded, observationRules(source.createdAt), (rule) => {
      note(rule);
      adjusted.push(rule);
    }) ?? recorded;
  return { span: toSpan(source.traceId, observation, ofTrace), adjusted };
}

function toSpan(traceId: string, observation: Observation, ofTrace: readonly OtlpAttribute[]): OtlpSpan {
  const failed = observation.level === "ERROR";
  const message = failed ? observation.statusMessage : undefined;
  return {
    traceId,
    spanId: observation.id,
    ...(observation.parentId === null ? {} : { parentSpanId: observation.parentId }),
    name: storableText(observation.name),
    kind: 1,
    startTimeUnixNano: nanoseconds(Date.parse(observation.startTime)),
    endTimeUnixNano: nanoseconds(Date.parse(observation.endTime)),
    attributes: [...observationAttributes(observation), ...ofTrace],
    status: { code: failed ? 2 : 0, ...(message === undefined ? {} : { message: storableText(message) }) },
  };
}

function observationAttributes(o: Observation): OtlpAttribute[] {
  return attributesOf([
    [ATTRIBUTE.type, o.type],
    [ATTRIBUTE.input, textOf(o.input)],
    [ATTRIBUTE.output, textOf(o.output)],
    [ATTRIBUTE.level, o.level],
    [ATTRIBUTE.statusMessage, o.statusMessage],
    [ATTRIBUTE.model, o.model],
    [ATTRIBUTE.modelParameters, textOf(o.modelParameters)],
    [ATTRIBUTE.usageDetails, o.usage !== undefined && Object.keys(o.usage).length > 0 ? textOf(o.usage) : undefined],
    // Any cost given turns off Langfuse's own prices, so an unknown cost is not sent at all.
    [ATTRIBUTE.costDetails, o.costUsd === undefined ? undefined : JSON.stringify({ total: o.costUsd })],
    [ATTRIBUTE.completionStartTime, o.completionStartTime],
    [ATTRIBUTE.promptName, o.prompt?.name],
    [
      ATTRIBUTE.promptVersion,
      o.prompt !== undefined && isPromptVersion(o.prompt.version) ? Number(o.prompt.version) : undefined,
    ],
    ...Object.entries(o.metadata ?? {}).map(([key, value]) => [`${ATTRIBUTE.metadata}.${key}`, textOf(value)] as const),
  ]);
}

/** In digits, since a number cannot hold nanoseconds since 1970. */
const nanoseconds = (ms: number): string => (ms === 0 ? "0" : `${ms}000000`);
