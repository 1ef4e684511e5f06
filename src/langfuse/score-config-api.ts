import { UptakeError } from "../domain/errors.ts";
import { SCORE_CONFIGS_PATH } from "./otlp-attributes.ts";
import type { Get, Outcome } from "./read-ids.ts";
import { parseObject } from "./send-answer.ts";
import type { FoundScoreConfig, WantedScoreConfig } from "./score-configs.ts";

const PAGE_SIZE = 100;
/** Ten thousand configs; a project has a handful. */
const MAX_PAGES = 100;

/** All score configs of the keys' project, archived ones included. Throws `mirror_failed`. */
export async function listScoreConfigs(get: Get): Promise<FoundScoreConfig[]> {
  const found: FoundScoreConfig[] = [];
  for (let page = 1, pageCount = 1; page <= pageCount; page += 1) {
    const body = bodyOf(await get(SCORE_CONFIGS_PATH, { page: String(page), limit: String(PAGE_SIZE) }));
    const { data, meta } = body;
    const total = typeof meta === "object" && meta !== null && "totalPages" in meta ? meta.totalPages : undefined;
    if (!Array.isArray(data) || typeof total !== "number" || total > MAX_PAGES) {
      throw notLangfuse("the answer is no list of score configs in pages");
    }
    found.push(...data.map(readConfig));
    pageCount = total;
  }
  return found;
}

/** Creates one config. Langfuse does not mind a second one of the same name, so look first. Throws `mirror_failed`. */
export async function createScoreConfig(
  post: (path: string, body: string) => Promise<Outcome>,
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
  return readConfig(bodyOf(await post(SCORE_CONFIGS_PATH, JSON.stringify(request))));
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
