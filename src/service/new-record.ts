import type { NewObservation } from "../contract/observation.ts";
import type { NewSuggestion } from "../contract/new-suggestion.ts";
import { invalidInput } from "../domain/errors.ts";
import { namedId, newId, observationIdOf, traceIdOf } from "../domain/ids.ts";
import type { Observation } from "../domain/observation.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";
import { storableJson, storableText } from "../domain/text.ts";
import { defined } from "./defined.ts";
import { pastMoment } from "./past-moment.ts";

/** Whose record it is, when it came, and what it is called in messages, such as `suggestions[3]`. */
export type RecordFacts = { readonly projectId: string; readonly now: Date; readonly place: string };

/** The trace of a run: its observations, and the one that scores attach to. */
type Trace = { readonly observations: readonly Observation[]; readonly scoredId: string; readonly own: object };

/**
 * The record of a run that another program tells about. Throws `invalid_input` for what its schema cannot say: a run that
 * ends before it starts, a time of another century, a parent that is not there.
 */
export function newRecord(given: NewSuggestion, facts: RecordFacts): SuggestionRecord {
  const { place, projectId } = facts;
  const { error, model, prompt } = given;
  if (given.text === undefined && error === undefined) {
    throw invalidInput(`${place}.text`, "missing; expected what was suggested, or `error` for a run that failed");
  }
  const id = idOf(given, facts);
  const traceId = traceIdOf(id);
  const { startMs, latencyMs } = timesOf(given, facts);
  const run = { given, traceId, startMs, latencyMs };
  const trace = given.observations === undefined ? traceOf(run) : keptTrace(run, given.observations, facts);
  const generation = trace.observations.findLast(({ type }) => type === "generation");
  const about = {
    ...trace.own,
    ...given.metadata,
    trace_id: traceId,
    observation_id: trace.scoredId,
    ...aboutModel(model ?? generation?.model, prompt ?? generation?.prompt),
  };
  return {
    id,
    projectId,
    functionName: given.functionName,
    ticketId: given.ticketId ?? null,
    messageId: given.messageId ?? null,
    systemUserId: given.systemUserId ?? null,
    suggestedResponse: storableText(given.text ?? ""),
    confidenceScore: given.confidence ?? null,
    status: error === undefined ? "completed" : "error",
    createdAt: isoOf(startMs),
    environment: given.environment ?? "default",
    release: given.release ?? null,
    model: model ?? generation?.model ?? null,
    promptName: (prompt ?? generation?.prompt)?.name ?? null,
    promptVersion: textOf((prompt ?? generation?.prompt)?.version),
    traceId,
    observationId: trace.scoredId,
    latencyMs,
    timeToFirstTokenMs: given.timeToFirstTokenMs ?? null,
    inputTokens: given.inputTokens ?? tokensOf(trace, "input"),
    outputTokens: given.outputTokens ?? tokensOf(trace, "output"),
    costUsd: given.costUsd ?? costOf(trace),
    errorType: error?.type ?? null,
    errorMessage: error?.message ?? null,
    metadataJson: storableJson(JSON.stringify(about)),
    observationsJson: storableJson(JSON.stringify(trace.observations)),
  };
}

function idOf({ suggestionId, idempotencyKey }: NewSuggestion, { projectId, place }: RecordFacts): string {
  if (suggestionId === undefined) {
    return idempotencyKey === undefined ? newId() : namedId("suggestion", projectId, idempotencyKey);
  }
  if (idempotencyKey === undefined) return suggestionId.toLowerCase();
  throw invalidInput(
    `${place}.idempotencyKey`,
    "given beside suggestionId, which is a key already; leave one of them out",
  );
}

const isoOf = (ms: number): string => new Date(ms).toISOString();
const textOf = (version: number | string | undefined): string | null =>
  version === undefined ? null : String(version);

/** When the run started, and how long it took where that is known. */
function timesOf(
  given: NewSuggestion,
  { now, place }: RecordFacts,
): { readonly startMs: number; readonly latencyMs: number | null } {
  const [root] = given.observations ?? [];
  const rootMs = root === undefined ? undefined : Date.parse(root.endTime) - Date.parse(root.startTime);
  const latencyMs = given.latencyMs ?? rootMs ?? null;
  const { timeToFirstTokenMs } = given;
  if (timeToFirstTokenMs !== undefined && latencyMs !== null && timeToFirstTokenMs > latencyMs) {
    const after = `${timeToFirstTokenMs} is after the run's end (${latencyMs})`;
    throw invalidInput(`${place}.timeToFirstTokenMs`, `${after}; expected milliseconds from the run's start`);
  }
  const start = given.createdAt ?? root?.startTime;
  if (start === undefined) return { startMs: now.getTime() - (latencyMs ?? 0), latencyMs };
  const at = given.createdAt === undefined ? `${place}.observations[0].startTime` : `${place}.createdAt`;
  return { startMs: pastMoment(start, at, now).getTime(), latencyMs };
}

type Run = {
  readonly given: NewSuggestion;
  readonly traceId: string;
  readonly startMs: number;
  readonly latencyMs: number | null;
};

/** A root with what was asked, and a generation under it with what came of it, where anything is known of one: kept once each. */
function traceOf({ given, traceId, startMs, latencyMs }: Run): Trace {
  const { error, input, model, prompt, inputTokens, outputTokens, costUsd, timeToFirstTokenMs } = given;
  const times = { startTime: isoOf(startMs), endTime: isoOf(startMs + (latencyMs ?? 0)) };
  const failed = error === undefined ? {} : { level: "ERROR" as const, statusMessage: error.message };
  const root: Observation = {
    id: observationIdOf(traceId, 0),
    parentId: null,
    type: "agent",
    name: given.functionName,
    ...times,
    ...failed,
    ...(input === undefined ? {} : { input }),
  };
  if (model === undefined && inputTokens === undefined && outputTokens === undefined) {
    return { observations: [root], scoredId: root.id, own: {} };
  }
  const usage = {
    ...(inputTokens === undefined ? {} : { input: inputTokens }),
    ...(outputTokens === undefined ? {} : { output: outputTokens }),
  };
  const generation: Observation = {
    id: observationIdOf(traceId, 1),
    parentId: root.id,
    type: "generation",
    name: "generation",
    ...times,
    ...failed,
    ...(given.text === undefined ? {} : { output: given.text }),
    ...(model === undefined ? {} : { model }),
    ...(Object.keys(usage).length === 0 ? {} : { usage }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(prompt?.version === undefined ? {} : { prompt: { name: prompt.name, version: prompt.version } }),
    ...(timeToFirstTokenMs === undefined ? {} : { completionStartTime: isoOf(startMs + timeToFirstTokenMs) }),
  };
  return { observations: [root, generation], scoredId: generation.id, own: {} };
}

/** The observations under ids of ours. What the suggestion's row holds, the root does not hold once more. */
function keptTrace({ given, traceId }: Run, steps: readonly NewObservation[], facts: RecordFacts): Trace {
  const ids = new Map<string, string>();
  const rootId = observationIdOf(traceId, 0);
  const kept = steps.map((step, index): Observation => {
    const place = `${facts.place}.observations[${index}]`;
    const id = observationIdOf(traceId, index);
    const parentId = index === 0 ? null : (parentOf(step, ids, place) ?? rootId);
    if (step.id !== undefined) ids.set(step.id, id);
    const start = pastMoment(step.startTime, `${place}.startTime`, facts.now);
    const end = pastMoment(step.endTime, `${place}.endTime`, facts.now);
    if (end < start) throw invalidInput(`${place}.endTime`, `${step.endTime} is before startTime (${step.startTime})`);
    const { id: _, metadata, output, ...others } = step;
    return {
      ...defined(others),
      id,
      parentId,
      startTime: start.toISOString(),
      endTime: end.toISOString(),
      ...(index === 0 || metadata === undefined ? {} : { metadata }),
      ...(output === undefined || (index === 0 && output === given.text) ? {} : { output }),
    };
  });
  const scoredId = kept.findLast(({ type }) => type === "generation")?.id ?? rootId;
  return { observations: kept, scoredId, own: steps[0]?.metadata ?? {} };
}

function parentOf({ parentId }: NewObservation, ids: ReadonlyMap<string, string>, place: string): string | undefined {
  if (parentId === undefined || parentId === null) return undefined;
  const id = ids.get(parentId);
  if (id !== undefined) return id;
  const got = JSON.stringify(parentId.slice(0, 80));
  throw invalidInput(`${place}.parentId`, `got ${got}; expected the id of an observation that stands before it`);
}

/** A version that is not known is left out of the JSON. */
function aboutModel(model: string | undefined, prompt: NewSuggestion["prompt"]): object {
  return {
    ...(model === undefined ? {} : { model }),
    ...(prompt === undefined ? {} : { prompt_name: prompt.name, prompt_version: prompt.version }),
  };
}

/** Over all generations; unknown as soon as one of them is. */
function tokensOf({ observations }: Trace, direction: "input" | "output"): number | null {
  return total(observations, ({ usage }) => {
    const buckets = Object.entries(usage ?? {}).filter(
      ([name]) => name === direction || name.startsWith(`${direction}_`),
    );
    return buckets.length === 0 ? null : buckets.reduce((sum, [, tokens]) => sum + tokens, 0);
  });
}

const costOf = ({ observations }: Trace): number | null => total(observations, ({ costUsd }) => costUsd ?? null);

function total(observations: readonly Observation[], read: (generation: Observation) => number | null): number | null {
  let sum: number | null = null;
  for (const observation of observations) {
    if (observation.type !== "generation") continue;
    const value = read(observation);
    if (value === null) return null;
    sum = (sum ?? 0) + value;
  }
  return sum;
}
