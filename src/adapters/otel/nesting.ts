import type { OpenObservation, OpenRun } from "../../track/run.ts";

/** Which of a run's observations lie in which; grows with the run's observations, and goes when the run goes. */
export type Nesting = {
  add(spanId: string, observation: OpenObservation): void;
  ofSpan(spanId: string | undefined): OpenObservation | undefined;
  /** `inner`, where it lies in `at` or is it, and else `at`: what the caller stands in is never left. */
  innermost(at: OpenObservation, inner: OpenObservation): OpenObservation;
  /** Whether the observation lies in a generation, or one in it. */
  meetsGeneration(observation: OpenObservation): boolean;
  /** True the first time it is asked about a name. */
  isNews(name: string): boolean;
};

export function createNesting(run: OpenRun): Nesting {
  const bySpanId = new Map<string, OpenObservation>();
  const byId = new Map<string, OpenObservation>();
  const told = new Set<string>();
  let indexedCount = 0;

  function parentOf({ parentId }: OpenObservation): OpenObservation | undefined {
    for (; indexedCount < run.observations.length; indexedCount++) {
      const observation = run.observations[indexedCount];
      if (observation !== undefined) byId.set(observation.id, observation);
    }
    return parentId === null ? undefined : byId.get(parentId);
  }

  function liesIn(inner: OpenObservation, outer: OpenObservation): boolean {
    for (let at: OpenObservation | undefined = inner; at !== undefined; at = parentOf(at))
      if (at === outer) return true;
    return false;
  }

  return {
    add: (spanId, observation) => void bySpanId.set(spanId, observation),
    ofSpan: (spanId) => (spanId === undefined ? undefined : bySpanId.get(spanId)),
    innermost: (at, inner) => (liesIn(inner, at) ? inner : at),
    meetsGeneration: (observation) =>
      run.observations.some(
        (other) =>
          other !== observation &&
          other.type === "generation" &&
          (liesIn(other, observation) || liesIn(observation, other)),
      ),
    isNews: (name) => !told.has(name) && told.add(name) !== undefined,
  };
}
