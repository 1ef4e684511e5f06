import { AsyncLocalStorage } from "node:async_hooks";
import { observationIdOf, traceIdOf } from "../domain/ids.ts";
import type { ObservationLevel, ObservationType, Usage } from "../domain/observation.ts";
import { MAX_PAYLOAD_CHARS, serialise } from "./payload.ts";
import type { Troubles } from "./troubles.ts";
import type { Metadata, PromptReference, Run, Suggestion } from "./types.ts";

/** An observation while its run lasts. Payloads are JSON text already, made when they were given. */
export type OpenObservation = {
  readonly id: string;
  readonly parentId: string | null;
  type: ObservationType;
  readonly name: string;
  /** Milliseconds since the epoch, as are the others. */
  readonly startMs: number;
  endMs: number | undefined;
  firstTokenMs: number | undefined;
  level: ObservationLevel;
  statusMessage: string | undefined;
  inputJson: string | undefined;
  outputJson: string | undefined;
  metadata: Map<string, string> | undefined;
  model: string | undefined;
  modelParametersJson: string | undefined;
  usage: Usage | undefined;
  costUsd: number | undefined;
  /** A version that is none is unknown. */
  prompt: { readonly name: string; readonly version: PromptReference["version"] | undefined } | undefined;
};

/** What the function said about itself; the last `suggest` wins. */
export type Said = Suggestion & {
  readonly ticketId: string | undefined;
  readonly messageId: string | undefined;
  readonly systemUserId: string | undefined;
};

/** One run of a tracked function, from its call to its record. */
export type OpenRun = {
  readonly suggestionId: string;
  readonly traceId: string;
  readonly now: () => number;
  readonly root: OpenObservation;
  /** Root first, in the order they were opened. */
  readonly observations: OpenObservation[];
  notRecordedCount: number;
  /** Characters of payload that this run may still keep in full. */
  room: number;
  said: Said | undefined;
  over: boolean;
  /** What the caller stands in below this observation, where an adapter keeps a nesting of its own. */
  deeper?: (at: OpenObservation) => OpenObservation;
};

export type Place = {
  readonly run: OpenRun;
  readonly api: Run;
  readonly at: OpenObservation;
  readonly troubles: Troubles;
};

/** Bounds of one run, so that a loop which observes without end cannot fill the memory. */
const MAX_OBSERVATIONS = 1_000;
const MAX_RUN_CHARS = 4_000_000;
const MIN_PAYLOAD_CHARS = 500;

/** Where the running code stands: in which run, under which observation. */
export const place = new AsyncLocalStorage<Place>();

/** The run that the calling code is part of; undefined outside of tracked functions. For adapters. */
export const currentRun = (): Run | undefined => place.getStore()?.api;

export function openRun(name: string, suggestionId: string, now: () => number): OpenRun {
  const traceId = traceIdOf(suggestionId);
  const root = newObservation({ id: observationIdOf(traceId, 0), parentId: null, type: "agent", name, startMs: now() });
  return {
    suggestionId,
    traceId,
    now,
    root,
    observations: [root],
    notRecordedCount: 0,
    room: MAX_RUN_CHARS,
    said: undefined,
    over: false,
  };
}

/** Where and when an observation begins, if not here and now. */
export type Beginning = { readonly parent?: OpenObservation | undefined; readonly startMs?: number | undefined };

/** Opens an observation under the one the caller is in; undefined where the run is over or full. */
export function openObservation(
  run: OpenRun,
  type: ObservationType,
  name: string,
  beginning?: Beginning,
): OpenObservation | undefined {
  if (run.over) return undefined;
  const index = run.observations.length;
  if (index >= MAX_OBSERVATIONS) {
    run.notRecordedCount++;
    return undefined;
  }
  const parent = beginning?.parent ?? standingIn(run);
  const id = observationIdOf(run.traceId, index);
  const startMs = beginning?.startMs ?? run.now();
  const observation = newObservation({ id, parentId: parent.id, type, name, startMs });
  run.observations.push(observation);
  return observation;
}

/** The innermost observation of this run that the caller is in. */
export function standingIn(run: OpenRun): OpenObservation {
  const here = place.getStore();
  // A run handed into another tracked function, or used outside of any, is not where the caller stands.
  const at = here?.run === run ? here.at : run.root;
  return run.deeper === undefined ? at : run.deeper(at);
}

function newObservation(
  known: Pick<OpenObservation, "id" | "parentId" | "type" | "name" | "startMs">,
): OpenObservation {
  return {
    id: known.id,
    parentId: known.parentId,
    type: known.type,
    name: known.name,
    startMs: known.startMs,
    endMs: undefined,
    firstTokenMs: undefined,
    level: "DEFAULT",
    statusMessage: undefined,
    inputJson: undefined,
    outputJson: undefined,
    metadata: undefined,
    model: undefined,
    modelParametersJson: undefined,
    usage: undefined,
    costUsd: undefined,
    prompt: undefined,
  };
}

/** Closes an observation once; a clock that was set back does not make it end before it began. */
export function closeObservation(run: OpenRun, observation: OpenObservation): void {
  observation.endMs ??= Math.max(observation.startMs, run.now());
}

/** Ends the run: nothing is added from here on, and what is still open is closed and says so. */
export function closeRun(run: OpenRun): void {
  closeObservation(run, run.root);
  for (const observation of run.observations) {
    if (observation.endMs !== undefined) continue;
    closeObservation(run, observation);
    observation.level = "WARNING";
    observation.statusMessage = "still open when the run ended";
  }
  run.over = true;
}

/** JSON of a payload, within what the run may still keep. */
export function payload(run: OpenRun, value: unknown): string | undefined {
  const room = Math.max(MIN_PAYLOAD_CHARS, Math.min(MAX_PAYLOAD_CHARS, run.room));
  const json = serialise(value, room);
  if (json !== undefined) run.room -= json.length;
  return json;
}

export function addMetadata(run: OpenRun, observation: OpenObservation, metadata: Metadata | undefined): void {
  if (metadata === undefined || metadata === null || run.over) return;
  const all = (observation.metadata ??= new Map<string, string>());
  for (const key of Object.keys(metadata)) {
    const json = payload(run, metadata[key]);
    if (json !== undefined) all.set(key, json);
  }
}
