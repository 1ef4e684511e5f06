import type { NewSuggestion } from "../contract/new-suggestion.ts";
import type { NewObservation } from "../contract/observation.ts";
import type { Observation } from "../domain/observation.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";
import { cut, fitName, fitPayload, fitText, fitUsage, type Json } from "./fit.ts";

/** Longest text of a suggestion, of an error and of a status message that the server takes. */
const MAX_TEXT_CHARS = 200_000;
const MAX_MESSAGE_CHARS = 10_000;
const MAX_COST_USD = 1_000_000;
/** Of the server's 64 levels, those of a body around a payload are taken: list, suggestion, observations, observation. */
const MAX_DEPTH = 59;
/** Below the 5 MB that the server takes at once. */
export const MAX_REQUEST_BYTES = 4_500_000;

/**
 * JSON of a finished run as `POST /v1/suggestions` takes it. The server makes the same rows of it that recording into its
 * database would have made. What does not fit the contract is fitted, and not refused: names, ids and texts are cut,
 * payloads lose what is too deep, and of a run that is larger than a request the largest payloads go first.
 */
export function wireSuggestion(record: SuggestionRecord): string {
  const metadata = JSON.parse(record.metadataJson) as Readonly<Record<string, Json>>;
  const observations = JSON.parse(record.observationsJson) as readonly Observation[];
  for (let maxChars = Infinity; ; maxChars = maxChars === Infinity ? 100_000 : maxChars / 4) {
    const limits = { maxDepth: MAX_DEPTH, maxChars };
    const json = JSON.stringify({
      ...factsOf(record),
      ...promptOf(record, metadata),
      metadata: objectOf(fitPayload(metadata, limits)),
      observations: observations.map((one) => wireObservation(one, limits)),
    } satisfies NewSuggestion);
    if (maxChars < 1 || Buffer.byteLength(json) <= MAX_REQUEST_BYTES) return json;
  }
}

function factsOf(record: SuggestionRecord): NewSuggestion {
  const { latencyMs, timeToFirstTokenMs, costUsd, errorType, errorMessage } = record;
  return {
    suggestionId: record.id,
    functionName: fitName(record.functionName),
    text: fitText(record.suggestedResponse, MAX_TEXT_CHARS),
    createdAt: record.createdAt,
    ...known({
      confidence: record.confidenceScore,
      ticketId: idOf(record.ticketId),
      messageId: idOf(record.messageId),
      systemUserId: idOf(record.systemUserId),
      environment: record.environment,
      release: idOf(record.release),
      latencyMs,
      timeToFirstTokenMs: timeToFirstTokenMs === null ? null : Math.min(timeToFirstTokenMs, latencyMs ?? Infinity),
      model: idOf(record.model),
      inputTokens: record.inputTokens,
      outputTokens: record.outputTokens,
      // Beyond it the server adds up the observations' costs itself.
      costUsd: costUsd !== null && costUsd > MAX_COST_USD ? null : costUsd,
    }),
    ...(record.status === "error"
      ? { error: { type: fitName(errorType ?? "Error"), message: fitText(errorMessage ?? "", MAX_MESSAGE_CHARS) } }
      : {}),
  };
}

const idOf = (id: string | null): string | null => (id === null || id.trim() === "" ? null : cut(id));

/** In the row a version is text; whether it was a number stands in the metadata. */
function promptOf(
  { promptName, promptVersion }: SuggestionRecord,
  metadata: Readonly<Record<string, Json>>,
): Pick<NewSuggestion, "prompt"> {
  if (promptName === null) return {};
  const stated = metadata["prompt_version"];
  const version = promptVersion === null ? undefined : fitVersion(typeof stated === "number" ? stated : promptVersion);
  return { prompt: { name: fitName(promptName), ...(version === undefined ? {} : { version }) } };
}

const fitVersion = (version: number | string): number | string =>
  typeof version === "number" && Number.isSafeInteger(version) && version >= 0 ? version : fitName(String(version));

function wireObservation(
  observation: Observation,
  limits: { readonly maxDepth: number; readonly maxChars: number },
): NewObservation {
  const { name, statusMessage, model, usage, prompt, endTime, startTime, modelParameters, ...others } = observation;
  const { input, output, metadata } = observation;
  const parameters = fitPayload(modelParameters as Json | undefined, limits);
  return {
    ...others,
    name: fitName(name),
    startTime,
    endTime: endTime < startTime ? startTime : endTime,
    ...(statusMessage === undefined ? {} : { statusMessage: fitText(statusMessage, MAX_MESSAGE_CHARS) }),
    ...(input === undefined ? {} : { input: fitPayload(input as Json, limits) }),
    ...(output === undefined ? {} : { output: fitPayload(output as Json, limits) }),
    ...(metadata === undefined ? {} : { metadata: objectOf(fitPayload(metadata as Json, limits)) }),
    ...(model === undefined || model.trim() === "" ? {} : { model: cut(model) }),
    ...(parameters === undefined ? {} : { modelParameters: objectOf(parameters) }),
    ...(usage === undefined ? {} : { usage: fitUsage(usage) }),
    ...(prompt === undefined ? {} : { prompt: { name: fitName(prompt.name), version: fitVersion(prompt.version) } }),
  };
}

const objectOf = (value: Json | undefined): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : { value };

type Known<T> = { [Key in keyof T]: Exclude<T[Key], null> };

/** Without what is not known. */
function known<T extends object>(facts: T): Partial<Known<T>> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null)) as Partial<Known<T>>;
}
