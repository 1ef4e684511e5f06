import { observationIdOf } from "../domain/ids.ts";
import type { Observation } from "../domain/observation.ts";
import type { TraceSource } from "../domain/trace-source.ts";

/**
 * What can truthfully be said about a run that nobody recorded: the root, and one generation with the row's model,
 * prompt, text, tokens and cost, as far as each is known. It is a generation also where the model is not: an agent
 * function's suggestion was generated, and the scores attach to it. A failed row has no output, since its text is a
 * placeholder. The root's metadata says where the trace comes from.
 */
export function rowObservations(source: TraceSource, functionName: string): Observation[] {
  const shared = { ...timesOf(source), ...(source.status === "error" ? {} : { output: source.suggestedResponse }) };
  const rootId = observationIdOf(source.traceId, 0);
  const root: Observation = {
    id: rootId,
    parentId: null,
    type: "agent",
    name: functionName,
    ...shared,
    metadata: { madeFromRow: true, ...(source.latencyMs === null ? { latencyUnknown: true } : {}) },
  };
  const generation: Observation = {
    id: source.observationId ?? observationIdOf(source.traceId, 1),
    parentId: rootId,
    type: "generation",
    name: `${functionName}-generation`,
    ...shared,
    ...completionStartOf(source),
    ...(source.model === null ? {} : { model: source.model }),
    ...promptOf(source),
    ...usageOf(source),
    ...(source.costUsd === null ? {} : { costUsd: source.costUsd }),
  };
  return [root, generation];
}

/** Begins when the row was made and takes the row's latency; without one it ends as it begins, as a span has to end. */
function timesOf({ createdAt, latencyMs }: TraceSource): Pick<Observation, "startTime" | "endTime"> {
  const endMs = createdAt.getTime() + Math.max(0, latencyMs ?? 0);
  return { startTime: createdAt.toISOString(), endTime: new Date(endMs).toISOString() };
}

function completionStartOf({ createdAt, timeToFirstTokenMs }: TraceSource): Pick<Observation, "completionStartTime"> {
  if (timeToFirstTokenMs === null) return {};
  return { completionStartTime: new Date(createdAt.getTime() + timeToFirstTokenMs).toISOString() };
}

function usageOf({ inputTokens, outputTokens }: TraceSource): Pick<Observation, "usage"> {
  if (inputTokens === null && outputTokens === null) return {};
  const input = inputTokens === null ? {} : { input: inputTokens };
  return { usage: { ...input, ...(outputTokens === null ? {} : { output: outputTokens }) } };
}

function promptOf(source: TraceSource): Pick<Observation, "prompt"> {
  if (source.promptName === null || source.promptVersion === null) return {};
  return { prompt: { name: source.promptName, version: source.promptVersion } };
}
