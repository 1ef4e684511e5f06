import { type Observation, OBSERVATION_LEVELS, OBSERVATION_TYPES } from "../../domain/observation.ts";
import { textOf } from "../otlp-value.ts";
import { langfuseId } from "./langfuse-id.ts";
import { renameKeys } from "./metadata-keys.ts";
import { isRecord } from "./record.ts";
import { isSendableTime, MAX_NAME_CHARS } from "./row-rules.ts";
import type { Rule } from "./rule.ts";

const UNNAMED = "unnamed";

/**
 * In this order: ids, then what each field has to be, then what Langfuse makes of it. A host may have written the
 * observations itself, so nothing about their fields is taken for granted. `startedAt` stands for a start that cannot
 * be read.
 */
export function observationRules(startedAt: Date): readonly Rule<Observation>[] {
  return [
    { name: "observation-id", loses: false, apply: withIds },
    { name: "shape", loses: true, apply: withShape },
    { name: "name", loses: true, apply: withName },
    { name: "type", loses: true, apply: withType },
    { name: "time", loses: true, apply: (observation) => withTimes(observation, startedAt) },
    { name: "usage", loses: true, apply: withUsage },
    { name: "number", loses: true, apply: withCost },
    { name: "prompt-version", loses: false, apply: withPromptVersion },
    { name: "metadata-key", loses: true, apply: withKeys },
  ];
}

function withIds(observation: Observation): Observation {
  const { id, parentId } = observation;
  const checked = langfuseId("observation", "observations[].id", id);
  const parent =
    parentId === null || parentId === undefined ? null : langfuseId("observation", "observations[].parentId", parentId);
  return id === checked && parentId === parent ? observation : { ...observation, id: checked, parentId: parent };
}

/** What each field has to be; undefined leaves it out. */
const SHAPES: readonly (readonly [field: keyof Observation, shape: (value: unknown) => unknown])[] = [
  ["name", textOf],
  ["model", textOf],
  ["statusMessage", textOf],
  ["usage", (value) => (isRecord(value) ? value : undefined)],
  ["metadata", (value) => (isRecord(value) ? value : { metadata: value })],
  ["modelParameters", (value) => (isRecord(value) ? value : undefined)],
  ["prompt", promptShape],
];

function withShape(observation: Observation): Observation {
  let shaped = observation;
  for (const [field, shape] of SHAPES) {
    const is = observation[field];
    const should = is === undefined ? undefined : shape(is);
    if (is !== should) shaped = { ...shaped, [field]: should };
  }
  return shaped;
}

function promptShape(prompt: unknown): unknown {
  if (!isRecord(prompt)) return undefined;
  const { name, version } = prompt;
  const isText = (value: unknown): boolean => typeof value === "string" || typeof value === "number";
  return typeof name === "string" && isText(version) ? prompt : undefined;
}

function withName(observation: Observation): Observation {
  const name = observation.name ?? UNNAMED;
  const short = name.length > MAX_NAME_CHARS ? name.slice(0, MAX_NAME_CHARS).toWellFormed() : name;
  return short === observation.name ? observation : { ...observation, name: short };
}

/** Langfuse guesses at a type or level that it does not know. */
function withType(observation: Observation): Observation {
  const type = textOf(observation.type)?.toLowerCase();
  const level = textOf(observation.level)?.toUpperCase();
  const known = OBSERVATION_TYPES.find((name) => name === type) ?? "span";
  const knownLevel = OBSERVATION_LEVELS.find((name) => name === level);
  if (known === observation.type && knownLevel === observation.level) return observation;
  const { level: _level, ...rest } = observation;
  return { ...rest, type: known, ...(knownLevel === undefined ? {} : { level: knownLevel }) };
}

function withTimes(observation: Observation, startedAt: Date): Observation {
  const given = { start: timeOf(observation.startTime), end: timeOf(observation.endTime) };
  const start = given.start ?? startedAt.getTime();
  const end = Math.max(start, given.end ?? start);
  const isRead = observation.completionStartTime === undefined || timeOf(observation.completionStartTime) !== undefined;
  if (start === given.start && end === given.end && isRead) return observation;
  const times = { startTime: new Date(start).toISOString(), endTime: new Date(end).toISOString() };
  if (isRead) return { ...observation, ...times };
  const { completionStartTime: _unread, ...rest } = observation;
  return { ...rest, ...times };
}

function timeOf(iso: unknown): number | undefined {
  const ms = typeof iso === "string" ? Date.parse(iso) : Number.NaN;
  return isSendableTime(ms) ? ms : undefined;
}

/** Counts are whole numbers; what is none is left out, as Langfuse does. */
function withUsage(observation: Observation): Observation {
  if (observation.usage === undefined) return observation;
  const entries = Object.entries(observation.usage);
  if (entries.every(([, count]) => Number.isInteger(count) && count >= 0)) return observation;
  const counts = entries.filter(([, count]) => Number.isFinite(count) && count >= 0);
  return { ...observation, usage: Object.fromEntries(counts.map(([bucket, count]) => [bucket, Math.round(count)])) };
}

function withCost(observation: Observation): Observation {
  const { costUsd } = observation;
  if (costUsd === undefined || (Number.isFinite(costUsd) && costUsd >= 0)) return observation;
  const { costUsd: _wrong, ...rest } = observation;
  return rest;
}

/**
 * Langfuse's prompt versions are whole numbers of 16 bits. Any other is kept in the metadata instead: looking it up
 * would fail inside Langfuse's worker, which then loses the span after answering 200.
 */
function withPromptVersion(observation: Observation): Observation {
  const { prompt, metadata } = observation;
  if (prompt === undefined || isPromptVersion(prompt.version)) return observation;
  return { ...observation, metadata: { ...metadata, promptVersion: String(prompt.version) } };
}

/** Whether Langfuse can look the prompt's version up. */
export const isPromptVersion = (version: number | string): boolean =>
  /^\d{1,5}$/.test(String(version)) && Number(version) <= 65_535;

function withKeys(observation: Observation): Observation {
  if (observation.metadata === undefined) return observation;
  const metadata = renameKeys(observation.metadata);
  return metadata === observation.metadata ? observation : { ...observation, metadata };
}
