import type { ObservationType } from "../domain/observation.ts";
import { storableText } from "../domain/text.ts";
import { follow } from "./follow.ts";
import type { Ending, Follower } from "./follower.ts";
import { describeGeneration, takeAnswer, type Stated, takeStream, updateObservation } from "./generation.ts";
import { cutText, messageOf } from "./payload.ts";
import { addMetadata, closeObservation, openObservation, payload, place } from "./run.ts";
import type { OpenObservation, OpenRun } from "./run.ts";
import type { Troubles } from "./troubles.ts";
import type {
  Followed,
  Generation,
  ObservationHandle,
  ObserveOptions,
  Run,
  Suggestion,
  SuggestOptions,
} from "./types.ts";

const MAX_NAME_CHARS = 200;
const MAX_ID_CHARS = 200;
const MAX_MESSAGE_CHARS = 2_000;

/** The handle a tracked function gets. */
export function createRunApi(run: OpenRun, troubles: Troubles, tokenOf?: TokenOf): Run {
  const api: Run = {
    suggestionId: run.suggestionId,
    traceId: run.traceId,
    observe<Result>(
      name: string,
      optionsOrFn: ObserveOptions | ((observation: ObservationHandle) => Result),
      lastFn?: (observation: ObservationHandle) => Result,
    ): Followed<Result> {
      const options = typeof optionsOrFn === "function" ? {} : (optionsOrFn ?? {});
      const fn = typeof optionsOrFn === "function" ? optionsOrFn : lastFn;
      if (typeof fn !== "function") throw new TypeError(`run.observe(${name}): the function to observe is missing`);
      const observation = troubles.attempt(() => {
        const opened = openObservation(run, typeOf(options.type), nameText(name));
        if (opened !== undefined) {
          opened.inputJson = payload(run, options.input);
          addMetadata(run, opened, options.metadata);
        }
        return opened;
      });
      const stated = { output: false, usage: false, model: false };
      const handle = handleOn({ run, api, troubles }, observation, stated);
      const follower = followObservation({ run, api, troubles }, observation, (ending, opened) => {
        if (!stated.output) opened.outputJson = outputOf(run, ending);
      });
      return follow(() => fn(handle), follower);
    },
    generate(options, fn) {
      const stated = { output: false, usage: false, model: false };
      const generation = troubles.attempt(() => {
        const opened = openObservation(run, "generation", nameText(options.name ?? "generation"));
        if (opened !== undefined) describeGeneration(run, opened, options);
        return opened;
      });
      const observed = handleOn({ run, api, troubles }, generation, stated);
      const handle: Generation = {
        update: (update) => observed.update(update),
        firstToken: () => markFirstToken(run, generation),
      };
      const follower = followObservation({ run, api, troubles }, generation, (ending, opened) => {
        if (ending.kind === "returned") takeAnswer(run, opened, ending.value, stated);
        else if (ending.collected !== undefined) takeStream(run, opened, ending.collected, stated);
      });
      return follow(() => fn(handle), follower);
    },
    suggest(text, options = {}) {
      const suggestion = suggest(run, troubles, text, options);
      const feedbackToken = tokenOf && troubles.attempt(() => tokenOf(run.suggestionId));
      return feedbackToken === undefined ? suggestion : { ...suggestion, feedbackToken };
    },
    annotate(metadata) {
      troubles.attempt(() => addMetadata(run, run.root, metadata));
    },
  };
  return api;
}

/** Makes a feedback token for a suggestion. */
export type TokenOf = (suggestionId: string) => string;

type RunParts = { readonly run: OpenRun; readonly api: Run; readonly troubles: Troubles };

function handleOn({ run, troubles }: RunParts, at: OpenObservation | undefined, stated: Stated): ObservationHandle {
  return {
    update(update) {
      troubles.attempt(() => at && updateObservation(run, at, update, stated));
    },
  };
}

/** Follows one observation; without one (the run is over or full) the call only runs. */
function followObservation(
  { run, api, troubles }: RunParts,
  observation: OpenObservation | undefined,
  take: (ending: Ending, observation: OpenObservation) => void,
): Follower {
  const here = { run, api, at: observation ?? run.root, troubles };
  return {
    within: (part) => place.run(here, part),
    firstChunk: () => markFirstToken(run, observation),
    ended(ending) {
      if (observation === undefined || run.over) return undefined;
      troubles.attempt(() => {
        closeObservation(run, observation);
        noteEnding(observation, ending);
        take(ending, observation);
      });
      return undefined;
    },
  };
}

function markFirstToken(run: OpenRun, observation: OpenObservation | undefined): void {
  if (observation === undefined || run.over) return;
  observation.firstTokenMs ??= Math.max(observation.startMs, run.now());
}

function outputOf(run: OpenRun, ending: Ending): string | undefined {
  if (ending.kind === "returned") return payload(run, ending.value);
  return ending.collected?.outputJson;
}

/** Level and message of how it ended. */
export function noteEnding(observation: OpenObservation, ending: Ending): void {
  if (ending.kind === "failed") {
    observation.level = "ERROR";
    observation.statusMessage = errorText(ending.error);
  } else if (ending.kind === "streamed" && ending.abandoned) {
    observation.statusMessage = "the reader left before the stream ended";
  }
}

export const errorText = (error: unknown): string => storableText(cutText(messageOf(error), MAX_MESSAGE_CHARS));

function suggest(run: OpenRun, troubles: Troubles, text: string, options: SuggestOptions): Suggestion {
  const given: unknown = options?.confidence;
  const isKnown = typeof given === "number" && given >= 0 && given <= 1;
  if (!isKnown && given !== undefined && given !== null)
    troubles.misused("a confidence is not between 0 and 1; recorded as unknown");
  const suggestion = { suggestionId: run.suggestionId, traceId: run.traceId, text, confidence: isKnown ? given : null };
  troubles.attempt(() => {
    if (run.over) return troubles.misused("run.suggest was called after the run had ended");
    addMetadata(run, run.root, options.metadata);
    const kept = typeof text === "string" ? text : messageOf(text);
    // Not spread from the suggestion: with more properties behind it, that makes V8 a new hidden class at every call.
    run.said = {
      suggestionId: run.suggestionId,
      traceId: run.traceId,
      text: kept,
      confidence: suggestion.confidence,
      ticketId: idText(options.ticketId),
      messageId: idText(options.messageId),
      systemUserId: idText(options.systemUserId),
    };
  });
  return suggestion;
}

/** An id of the application's own as text; numbers are welcome, anything else is no id. */
export function idText(id: unknown): string | undefined {
  if (typeof id === "number" || typeof id === "bigint") return String(id);
  return typeof id === "string" && id !== "" ? storableText(id.slice(0, MAX_ID_CHARS)) : undefined;
}

export const nameText = (name: unknown): string =>
  typeof name === "string" && name !== "" ? storableText(name.slice(0, MAX_NAME_CHARS)) : "unnamed";

const TYPES: Readonly<Record<ObservationType, true>> = {
  span: true,
  agent: true,
  generation: true,
  retriever: true,
  tool: true,
  chain: true,
  embedding: true,
  evaluator: true,
  guardrail: true,
  event: true,
};

/** Langfuse refuses a type that it does not know, so a caller without types gets a span. */
const typeOf = (type: ObservationType | undefined): ObservationType =>
  type !== undefined && Object.hasOwn(TYPES, type) ? type : "span";
