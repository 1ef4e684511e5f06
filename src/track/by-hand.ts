import type { ObservationType } from "../domain/observation.ts";
import { promptOf, updateObservation } from "./generation.ts";
import { errorText, nameText } from "./run-api.ts";
import { openObservation, payload, place } from "./run.ts";
import type { Beginning, OpenObservation, Place } from "./run.ts";
import type { ObservationUpdate, PromptReference } from "./types.ts";

/** What an adapter can say about an observation; it may know type and input only when it ends. */
export type HandMadeUpdate = ObservationUpdate & {
  readonly type?: ObservationType | undefined;
  readonly input?: unknown;
  /** The output as JSON text that is within the bounds already, as a collector makes it. */
  readonly outputJson?: string | undefined;
  readonly prompt?: PromptReference | undefined;
};

export type HandMadeEnd = {
  /** What the caller was given in place of an answer: `ERROR`, with its message. */
  readonly error?: unknown;
  /** Milliseconds since the epoch; now by default. */
  readonly atMs?: number | undefined;
};

/** An observation that an adapter opens and ends itself. None of this throws; once the run is over nothing happens. */
export type HandMade = {
  readonly observation: OpenObservation;
  /** Runs a part of the call where what it observes becomes part of this observation. */
  within<T>(part: () => T): T;
  /** Given a function, calls it; what it throws is Uptake's own trouble. */
  update(update: HandMadeUpdate | (() => HandMadeUpdate)): void;
  /** Marks the time to first token, once. */
  firstToken(atMs?: number): void;
  /** Called again, the last time counts. */
  end(end?: HandMadeEnd): void;
  /** Goes on after all; without another end it counts as still open when the run ends. */
  reopen(): void;
};

const YEAR_10000_MS = Date.UTC(10_000, 0);

/** What an instrumentation states may be no time, or nanoseconds taken for milliseconds: such cannot be written down. */
const isTime = (ms: number | undefined): ms is number => ms !== undefined && ms >= 0 && ms < YEAR_10000_MS;

/** Where the calling code stands; undefined outside of tracked functions. */
export const currentPlace = (): Place | undefined => place.getStore();

/**
 * Opens an observation for code that is followed, not run, by its adapter. For adapters only: everybody else has
 * `run.observe` and `run.generate`, which cannot be left open. Undefined where the run is over or full.
 */
export function openByHand(
  here: Place,
  known: Beginning & { readonly type: ObservationType; readonly name: string },
): HandMade | undefined {
  const { run, troubles } = here;
  const beginning = { parent: known.parent, startMs: isTime(known.startMs) ? known.startMs : undefined };
  const observation = troubles.attempt(() => openObservation(run, known.type, nameText(known.name), beginning));
  if (observation === undefined) return undefined;
  const inside = { ...here, at: observation };
  const whileOpen = (part: () => void): void => void (run.over || troubles.attempt(part));
  return {
    observation,
    within: (part) => place.run(inside, part),
    update: (update) => whileOpen(() => fill(here, observation, typeof update === "function" ? update() : update)),
    firstToken: (atMs) =>
      whileOpen(() => {
        if (atMs !== undefined && !isTime(atMs)) return;
        observation.firstTokenMs ??= Math.max(observation.startMs, atMs ?? run.now());
      }),
    end: (end = {}) =>
      whileOpen(() => {
        observation.endMs = Math.max(observation.startMs, isTime(end.atMs) ? end.atMs : run.now());
        if (!("error" in end)) return;
        observation.level = "ERROR";
        observation.statusMessage = errorText(end.error);
      }),
    reopen: () =>
      whileOpen(() => {
        observation.endMs = undefined;
        observation.level = "DEFAULT";
        observation.statusMessage = undefined;
      }),
  };
}

/** As `updateObservation` keeps it, where an answer does not have to give way to what the caller stated. */
function fill({ run }: Place, observation: OpenObservation, update: HandMadeUpdate): void {
  if (update.type !== undefined) observation.type = update.type;
  if (update.input !== undefined) observation.inputJson = payload(run, update.input);
  if (update.outputJson !== undefined) {
    observation.outputJson = update.outputJson;
    run.room -= update.outputJson.length;
  }
  observation.prompt = promptOf(update.prompt) ?? observation.prompt;
  updateObservation(run, observation, update, { output: false, usage: false, model: false });
}
