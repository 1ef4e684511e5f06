import { observationIdOf } from "../domain/ids.ts";
import type { Observation } from "../domain/observation.ts";
import type { TraceSource } from "../domain/trace-source.ts";

/**
 * What can truthfully be said about a run that nobody recorded: the root, and one generation with the row's model,
 * prompt and text. Begins when the row was made and takes the row's latency; without one its duration is unknown and
 * it ends as it begins. A failed row has no output, since its text is a placeholder.
 */
export function rowObservations(source: TraceSource, functionName: string): Observation[] {
  const startTime = source.createdAt.toISOString();
  const endTime = new Date(source.createdAt.getTime() + Math.max(0, source.latencyMs ?? 0)).toISOString();
  const output = source.status === "error" ? {} : { output: source.suggestedResponse };
  const rootId = observationIdOf(source.traceId, 0);
  const root: Observation = {
    id: rootId,
    parentId: null,
    type: "agent",
    name: functionName,
    startTime,
    endTime,
    ...output,
  };
  const generation: Observation = {
    id: source.observationId ?? observationIdOf(source.traceId, 1),
    parentId: rootId,
    type: "generation",
    name: `${functionName}-generation`,
    startTime,
    endTime,
    ...output,
    ...(source.model === null ? {} : { model: source.model }),
    ...promptOf(source),
  };
  return [root, generation];
}

function promptOf(source: TraceSource): Pick<Observation, "prompt"> {
  if (source.promptName === null || source.promptVersion === null) return {};
  return { prompt: { name: source.promptName, version: source.promptVersion } };
}
