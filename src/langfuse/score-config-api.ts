import { UptakeError } from "../domain/errors.ts";
import { SCORE_CONFIGS_PATH } from "./otlp-attributes.ts";
import { type Get, type Outcome, readNumberedPages } from "./read-pages.ts";
import { parseObject } from "./send-answer.ts";
import type { FoundScoreConfig, WantedScoreConfig } from "./score-configs.ts";

/** All score configs of the keys' project, archived ones included. Throws `mirror_failed`. */
export async function listScoreConfigs(get: Get): Promise<FoundScoreConfig[]> {
  return (await readNumberedPages(get, SCORE_CONFIGS_PATH, { limit: "100" })).map(readConfig);
}

/** Creates one config. Langfuse does not mind a second one of the same name, so look first. Throws `mirror_failed`. */
export async function createScoreConfig(
  ask: (method: "POST", path: string, body: string) => Promise<Outcome>,
  { name, dataType, categories, minValue, maxValue, description }: WantedScoreConfig,
): Promise<FoundScoreConfig> {
  const request = {
    name,
    dataType,
    description,
    ...(categories === null ? {} : { categories: categories.map((label, value) => ({ label, value })) }),
    ...(minValue === null ? {} : { minValue }),
    ...(maxValue === null ? {} : { maxValue }),
  };
  return readConfig(bodyOf(await ask("POST", SCORE_CONFIGS_PATH, JSON.stringify(request))));
}

function bodyOf(outcome: Outcome): Readonly<Record<string, unknown>> {
  if ("kind" in outcome) throw new UptakeError("mirror_failed", outcome.message, { facts: { failure: outcome } });
  return parseObject(outcome.body) ?? {};
}

function readConfig(item: unknown): FoundScoreConfig {
  const { id, name, dataType, isArchived, projectId, createdAt, categories, minValue, maxValue } = Object(
    item,
  ) as Record<string, unknown>; // any value, read defensively
  if (typeof id !== "string" || typeof name !== "string" || typeof dataType !== "string") {
    throw notLangfuse("a score config has no id, name or data type");
  }
  return {
    id,
    name,
    dataType,
    // One that does not say so counts as archived: then nothing is sent under it.
    isArchived: isArchived !== false,
    projectId: typeof projectId === "string" ? projectId : "",
    createdAt: typeof createdAt === "string" ? createdAt : "",
    categories: Array.isArray(categories) ? categories.map(labelOf) : null,
    minValue: typeof minValue === "number" ? minValue : null,
    maxValue: typeof maxValue === "number" ? maxValue : null,
  };
}

const labelOf = (category: unknown): string =>
  typeof category === "object" && category !== null && "label" in category ? String(category.label) : "";

const notLangfuse = (problem: string): UptakeError =>
  new UptakeError("mirror_failed", `${SCORE_CONFIGS_PATH}: ${problem}; check that LANGFUSE_BASE_URL is a Langfuse`);
