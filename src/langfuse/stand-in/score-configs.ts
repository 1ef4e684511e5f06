import { randomUUID } from "node:crypto";
import type { Context, Hono } from "hono";
import { z } from "zod";
import {
  BOOLEAN_CATEGORIES,
  configChangeSchema,
  newConfigSchema,
  problemOf,
  type StoredScoreConfig,
} from "./config-check.ts";
import { PROJECT_ID, type StandInContext } from "./context.ts";
import { numberedPage, pageQuery } from "./numbered-page.ts";
import { parseJson } from "./parse-json.ts";
import type { StandInStore } from "./store.ts";

const listSchema = z.object(pageQuery);
const NOT_FOUND = { message: "Score config not found within authorized project", error: "LangfuseNotFoundError" };

/** `/score-configs`, the same in both versions: no two have to differ in their names, and none can be deleted. */
export function addScoreConfigRoutes(api: Hono<StandInContext>, store: StandInStore): void {
  api.get("/score-configs", (c) => list(c, store));
  api.post("/score-configs", (c) => create(c, store));
  api.get("/score-configs/:id", (c) => {
    const config = store.configs.get(c.req.param("id"));
    return config === undefined ? c.json(NOT_FOUND, 404) : c.json(config);
  });
  api.patch("/score-configs/:id", (c) => change(c, store, c.req.param("id")));
}

function list(c: Context<StandInContext>, store: StandInStore): Response {
  const query = listSchema.safeParse(c.req.query());
  if (!query.success) return c.json({ message: "Invalid request data", error: query.error.issues }, 400);
  const { rows, meta } = numberedPage([...store.configs.values()], ({ createdAt }) => createdAt, query.data);
  return c.json({ data: rows, meta });
}

async function create(c: Context<StandInContext>, store: StandInStore): Promise<Response> {
  const parsed = newConfigSchema.safeParse(parseJson(await c.req.text()));
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  const { name, description, dataType, categories } = parsed.data;
  const { minValue, maxValue } = parsed.data.dataType === "NUMERIC" ? parsed.data : {};
  const now = new Date().toISOString();
  const config: StoredScoreConfig = {
    id: randomUUID(),
    projectId: PROJECT_ID,
    name,
    description: description ?? null,
    dataType,
    isArchived: false,
    minValue: minValue ?? null,
    maxValue: maxValue ?? null,
    categories: dataType === "BOOLEAN" ? BOOLEAN_CATEGORIES : (categories ?? null),
    createdAt: now,
    updatedAt: now,
  };
  store.configs.set(config.id, config);
  return c.json(config);
}

async function change(c: Context<StandInContext>, store: StandInStore, id: string): Promise<Response> {
  const parsed = configChangeSchema.safeParse(parseJson(await c.req.text()));
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  const before = store.configs.get(id);
  if (before === undefined) return c.json(NOT_FOUND, 404);
  const said = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
  const config: StoredScoreConfig = { ...before, ...said, updatedAt: new Date().toISOString() };
  const problem = problemOf(config);
  if (problem !== undefined) return c.json({ message: problem, error: "InvalidRequestError" }, 400);
  store.configs.set(id, config);
  return c.json(config);
}
