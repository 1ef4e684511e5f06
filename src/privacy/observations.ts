import type { Observation } from "../domain/observation.ts";
import { FAILED, type Masker } from "./masker.ts";

type Members = Readonly<Record<string, unknown>>;

/** What Uptake itself writes into a suggestion's metadata: no rule may break what refers to it. */
const OURS = [
  "trace_id",
  "observation_id",
  "model",
  "prompt_name",
  "prompt_version",
  "observations_not_recorded",
] as const;

export function maskMetadata(metadata: Members, masker: Masker): Members {
  const masked = masker.value(metadata) as Members;
  const kept: Record<string, unknown> = {};
  for (const key of OURS) if (Object.hasOwn(metadata, key)) kept[key] = metadata[key];
  return { ...masked, ...kept };
}

export function maskMetadataJson(json: string, masker: Masker): string {
  return masker.mayChange(json) ? JSON.stringify(maskMetadata(JSON.parse(json) as Members, masker)) : json;
}

/** The observations as JSON; the very same text where nothing in it has to change. */
export function maskObservationsJson(json: string, masker: Masker, isDropped: boolean): string {
  if (!isDropped && !masker.mayChange(json)) return json;
  return JSON.stringify(maskObservations(JSON.parse(json), masker, isDropped));
}

/** Whatever a host has put there instead of observations is masked as a whole. */
export function maskObservations<Given>(observations: Given, masker: Masker, isDropped: boolean): Given {
  if (observations === null) return observations;
  const masked = Array.isArray(observations)
    ? observations.map((one: unknown) => maskObservation(one, masker, isDropped))
    : isDropped
      ? null
      : masker.value(observations);
  return masked as Given;
}

/** Ids, times, tokens and cost are no texts: a rule that finds digits leaves them alone. */
const NO_TEXTS = [
  "id",
  "parentId",
  "type",
  "startTime",
  "endTime",
  "level",
  "model",
  "usage",
  "costUsd",
  "completionStartTime",
] as const satisfies readonly (keyof Observation)[];

/** Whose texts are content, and left out where that is `none`. */
const CONTENT = ["input", "output", "statusMessage", "metadata"] as const satisfies readonly (keyof Observation)[];

function maskObservation(one: unknown, masker: Masker, isDropped: boolean): unknown {
  if (typeof one !== "object" || one === null) return isDropped ? null : masker.value(one);
  const given: Members = { ...one };
  const texts = Object.fromEntries(
    Object.entries(given).filter(([key]) => !isOneOf(NO_TEXTS, key) && !(isDropped && isOneOf(CONTENT, key))),
  );
  const whole = masker.value(texts) as Members;
  const masked = whole["masked"] === FAILED ? Object.fromEntries(Object.keys(texts).map(failed)) : whole;
  // In the order in which they came.
  return Object.fromEntries(
    Object.keys(given).flatMap((key) => {
      if (isOneOf(NO_TEXTS, key)) return [[key, given[key]]];
      return Object.hasOwn(masked, key) ? [[key, masked[key]]] : [];
    }),
  );
}

const OBJECTS = ["metadata", "modelParameters", "prompt"] as const satisfies readonly (keyof Observation)[];

/** As much of an observation as Langfuse needs to take it. */
const failed = (key: string): [string, unknown] => [key, isOneOf(OBJECTS, key) ? { masked: FAILED } : FAILED];

const isOneOf = (keys: readonly string[], key: string): boolean => keys.includes(key);
