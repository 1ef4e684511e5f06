import { HEALTH_PATH, PROJECTS_PATH } from "./otlp-attributes.ts";
import type { Get } from "./read-pages.ts";
import { parseObject, type SendFailure } from "./send-answer.ts";

/** `ok`: Langfuse is there and takes the keys; `project` is the name of the keys' project, `projectId` stands in its links. */
export type LangfuseHealth =
  | { readonly kind: "ok"; readonly version: string; readonly project: string; readonly projectId: string | null }
  | SendFailure;

/** Asks for Langfuse's version, then with the keys for their project. */
export async function readHealth(get: Get): Promise<LangfuseHealth> {
  const health = await get(HEALTH_PATH);
  if ("kind" in health) return health;
  const projects = await get(PROJECTS_PATH);
  if ("kind" in projects) return projects;
  const version = parseObject(health.body)?.["version"];
  const list = parseObject(projects.body)?.["data"];
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  const id = typeof first === "object" && first !== null && "id" in first ? first.id : undefined;
  const name = typeof first === "object" && first !== null && "name" in first ? first.name : undefined;
  return {
    kind: "ok",
    version: typeof version === "string" ? version : "unknown",
    project: typeof name === "string" ? name : "unknown",
    projectId: typeof id === "string" ? id : null,
  };
}
