import type { SuggestionRecord } from "../domain/suggestion.ts";
import type { Usage } from "../domain/observation.ts";
import { storableText } from "../domain/text.ts";
import type { Ending } from "./follower.ts";
import { tokensOf } from "./model-answer.ts";
import { cutText, nameOf, quote } from "./payload.ts";
import { payload } from "./run.ts";
import type { OpenObservation, OpenRun } from "./run.ts";
import { errorText } from "./run-api.ts";

/** What the tracker knows about a run beside the run itself. */
export type RecordFacts = {
  readonly projectId: string;
  readonly environment: string | null;
  readonly release: string | null;
  readonly ticketId: string | undefined;
  readonly messageId: string | undefined;
};

/** The largest integer Postgres' `integer` holds. */
const MAX_INTEGER = 2_147_483_647;

/** The record of a run that is over. Sets the root's output where no suggestion was made: what the function returned. */
export function recordOf(run: OpenRun, ending: Ending, facts: RecordFacts): SuggestionRecord {
  const { root, said } = run;
  const generations = run.observations.filter(({ type }) => type === "generation");
  const last = generations.at(-1);
  const timed = last ?? root;
  const suggestedResponse = takeOutput(run, ending);
  return {
    id: run.suggestionId,
    projectId: facts.projectId,
    functionName: root.name,
    ticketId: said?.ticketId ?? facts.ticketId ?? null,
    messageId: said?.messageId ?? facts.messageId ?? null,
    systemUserId: said?.systemUserId ?? null,
    suggestedResponse,
    confidenceScore: said?.confidence ?? null,
    status: ending.kind === "failed" ? "error" : "completed",
    createdAt: isoOf(root.startMs),
    environment: facts.environment,
    release: facts.release,
    model: last?.model ?? null,
    promptName: last?.prompt?.name ?? null,
    promptVersion: last?.prompt?.version === undefined ? null : String(last.prompt.version),
    traceId: run.traceId,
    observationId: timed.id,
    latencyMs: integer((root.endMs ?? root.startMs) - root.startMs),
    timeToFirstTokenMs: timed.firstTokenMs === undefined ? null : integer(timed.firstTokenMs - timed.startMs),
    inputTokens: integerOrNull(sum(generations, ({ usage }) => tokensOf(usage, "input"))),
    outputTokens: integerOrNull(sum(generations, ({ usage }) => tokensOf(usage, "output"))),
    costUsd: sum(generations, ({ costUsd }) => costUsd),
    errorType: ending.kind === "failed" ? storableText(nameOf(ending.error).slice(0, 200)) : null,
    errorMessage: ending.kind === "failed" ? errorText(ending.error) : null,
    metadataJson: metadataJson(run, timed, last),
    observationsJson: observationsJson(run.observations),
  };
}

/** The suggestion's text. Only where the root's output is something else is it serialised beside it. */
function takeOutput(run: OpenRun, ending: Ending): string {
  const { root, said } = run;
  if (said !== undefined) return cutText(said.text);
  if (ending.kind !== "returned") {
    const { text = "", outputJson } = ending.collected ?? {};
    if (outputJson?.startsWith('"') !== true) root.outputJson = outputJson;
    return text;
  }
  if (typeof ending.value === "string") return cutText(ending.value);
  root.outputJson = payload(run, ending.value);
  return root.outputJson ?? "";
}

/** What the host's readers find in `metadata`: where the trace is, and what answered; under the application's own. */
function metadataJson(run: OpenRun, scored: OpenObservation, generation: OpenObservation | undefined): string {
  // Put together here, since each call of JSON.stringify costs more than all of this.
  let ours = `"trace_id":"${run.traceId}","observation_id":"${scored.id}"`;
  if (generation?.model !== undefined) ours += `,"model":${quote(generation.model)}`;
  if (generation?.prompt !== undefined) {
    const { name, version } = generation.prompt;
    ours += `,"prompt_name":${quote(name)}`;
    if (version !== undefined) ours += `,"prompt_version":${versionJson(version)}`;
  }
  if (run.notRecordedCount > 0) ours += `,"observations_not_recorded":${run.notRecordedCount}`;
  const own = run.root.metadata;
  if (own === undefined || own.size === 0) return `{${ours}}`;
  // jsonb keeps the last of two equal keys, so ours stand last.
  return `{${membersOf(own)},${ours}}`;
}

function membersOf(members: ReadonlyMap<string, string>): string {
  let json = "";
  for (const [key, value] of members) json += `${json === "" ? "" : ","}${quote(key)}:${value}`;
  return json;
}

/** A sum of texts, and not a `join`, so that the long whole is put together once: where it becomes bytes. */
function observationsJson(observations: readonly OpenObservation[]): string {
  let json = "";
  for (const observation of observations) json += `${json === "" ? "[" : ","}${observationJson(observation)}`;
  return `${json}]`;
}

/** JSON of one observation, put together from payloads that are JSON already. */
function observationJson(observation: OpenObservation): string {
  const { parentId, usage, prompt } = observation;
  let json = `{"id":"${observation.id}","parentId":${parentId === null ? "null" : `"${parentId}"`}`;
  json += `,"type":${quote(observation.type)},"name":${quote(observation.name)}`;
  json += `,"startTime":"${isoOf(observation.startMs)}","endTime":"${isoOf(observation.endMs ?? observation.startMs)}"`;
  if (observation.level !== "DEFAULT") json += `,"level":"${observation.level}"`;
  if (observation.statusMessage !== undefined) json += `,"statusMessage":${quote(observation.statusMessage)}`;
  if (observation.inputJson !== undefined) json += `,"input":${observation.inputJson}`;
  if (observation.outputJson !== undefined) json += `,"output":${observation.outputJson}`;
  // The root's metadata is the suggestion's, in the row.
  if (observation.metadata !== undefined && parentId !== null)
    json += `,"metadata":{${membersOf(observation.metadata)}}`;
  if (observation.model !== undefined) json += `,"model":${quote(observation.model)}`;
  if (observation.modelParametersJson !== undefined) json += `,"modelParameters":${observation.modelParametersJson}`;
  if (usage !== undefined) json += `,"usage":${usageJson(usage)}`;
  if (observation.costUsd !== undefined) json += `,"costUsd":${observation.costUsd}`;
  if (observation.firstTokenMs !== undefined) json += `,"completionStartTime":"${isoOf(observation.firstTokenMs)}"`;
  if (prompt?.version !== undefined)
    json += `,"prompt":{"name":${quote(prompt.name)},"version":${versionJson(prompt.version)}}`;
  return `${json}}`;
}

/** Versions are texts and finite numbers. */
const versionJson = (version: number | string): string =>
  typeof version === "string" ? quote(version) : String(version);

/** Counts are integers, by bucket. */
function usageJson(usage: Usage): string {
  let json = "";
  for (const bucket of Object.keys(usage)) json += `${json === "" ? "" : ","}${quote(bucket)}:${usage[bucket] ?? 0}`;
  return `{${json}}`;
}

/** The sum over all generations; null, unknown, as soon as one of them is, and where there is none. */
function sum(
  generations: readonly OpenObservation[],
  read: (generation: OpenObservation) => number | undefined,
): number | null {
  let total: number | null = null;
  for (const generation of generations) {
    const value = read(generation);
    if (value === undefined) return null;
    total = (total ?? 0) + value;
  }
  return total;
}

const integer = (value: number): number => Math.min(MAX_INTEGER, Math.max(0, Math.round(value)));

const integerOrNull = (value: number | null): number | null => (value === null ? null : integer(value));

let lastSecond = Number.NaN;
let lastStart = "";

/** Most times fall into the same second as the one before, and to format that is the costly part. */
function isoOf(ms: number): string {
  const second = Math.floor(ms / 1_000);
  if (second !== lastSecond) {
    lastStart = new Date(second * 1_000).toISOString().slice(0, -"000Z".length);
    lastSecond = second;
  }
  return `${lastStart}${String(Math.floor(ms - second * 1_000)).padStart(3, "0")}Z`;
}
