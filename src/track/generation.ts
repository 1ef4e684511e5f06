import type { ObservationLevel } from "../domain/observation.ts";
import { storableText } from "../domain/text.ts";
import type { Collected } from "./collector.ts";
import { checkUsage, costOf, readModelAnswer, textOf } from "./model-answer.ts";
import { cutText } from "./payload.ts";
import { addMetadata, payload } from "./run.ts";
import { readSdkAnswer } from "./sdk-answer.ts";
import type { OpenObservation, OpenRun } from "./run.ts";
import type { GenerateOptions, ObservationUpdate, PromptReference } from "./types.ts";

/** Which facts the caller stated itself; what is read from the model's answer does not replace them. */
export type Stated = { output: boolean; usage: boolean; model: boolean };

export function describeGeneration(run: OpenRun, generation: OpenObservation, options: GenerateOptions): void {
  generation.model = textOf(options.model);
  generation.modelParametersJson = payload(run, options.modelParameters);
  generation.inputJson = payload(run, options.messages);
  generation.costUsd = costOf(options.costUsd);
  generation.prompt = promptOf(options.prompt);
  addMetadata(run, generation, options.metadata);
}

/** A version that is neither a text nor a finite number is unknown. */
export function promptOf(stated: PromptReference | undefined): OpenObservation["prompt"] {
  const name = textOf(stated?.name);
  return name === undefined ? undefined : { name, version: versionOf(stated?.version) };
}

const versionOf = (version: unknown): number | string | undefined =>
  typeof version === "number" && Number.isFinite(version) ? version : textOf(version);

export function updateObservation(
  run: OpenRun,
  observation: OpenObservation,
  update: ObservationUpdate,
  stated: Stated,
): void {
  if (run.over) return;
  if (update.output !== undefined) {
    observation.outputJson = payload(run, update.output);
    stated.output = true;
  }
  const usage = checkUsage(update.usage);
  if (usage !== undefined) {
    observation.usage = usage;
    stated.usage = true;
  }
  if (textOf(update.model) !== undefined) {
    observation.model = update.model;
    stated.model = true;
  }
  observation.costUsd = costOf(update.costUsd) ?? observation.costUsd;
  observation.modelParametersJson = payload(run, update.modelParameters) ?? observation.modelParametersJson;
  if (isLevel(update.level)) observation.level = update.level;
  const statusMessage = textOf(update.statusMessage);
  if (statusMessage !== undefined) observation.statusMessage = statusText(statusMessage);
  addMetadata(run, observation, update.metadata);
}

const MAX_STATUS_CHARS = 2_000;
const statusText = (text: string): string => storableText(cutText(text, MAX_STATUS_CHARS));

const LEVELS: readonly unknown[] = ["DEBUG", "DEFAULT", "WARNING", "ERROR"] satisfies ObservationLevel[];
const isLevel = (level: unknown): level is ObservationLevel => LEVELS.includes(level);

/** Takes what the model's answer says about itself; an answer of an unknown shape is the output as it is. */
export function takeAnswer(run: OpenRun, generation: OpenObservation, value: unknown, stated: Stated): void {
  const answer = readModelAnswer(value) ?? readSdkAnswer(value);
  if (!stated.output) generation.outputJson = payload(run, answer === undefined ? value : answer.output);
  if (!stated.usage) generation.usage = answer?.usage;
  if (!stated.model) generation.model = answer?.model ?? generation.model;
}

/** The same for what a stream brought. */
export function takeStream(run: OpenRun, generation: OpenObservation, collected: Collected, stated: Stated): void {
  if (!stated.output) {
    generation.outputJson = collected.outputJson;
    run.room -= collected.outputJson?.length ?? 0;
  }
  if (!stated.usage) generation.usage = collected.usage;
  if (!stated.model) generation.model = collected.model ?? generation.model;
}
