import type { Context, Hono } from "hono";
import { z } from "zod";
import type { StandInContext } from "./context.ts";
import { parseJson } from "./parse-json.ts";
import type { StandInStore } from "./store.ts";

/** Langfuse's prompts (v4.16.0, web/src/features/prompts/server/actions/getPromptByName.ts and its public API's types). */
const LABEL = z
  .string()
  .min(1)
  .max(36)
  .regex(/^[a-z0-9_\-.]+$/u, "Label must be lowercase alphanumeric with optional underscores, hyphens, or periods");
const common = {
  name: z.string().min(1),
  labels: z.array(LABEL).default([]),
  tags: z.array(z.string()).default([]),
  config: z.unknown().optional(),
  commitMessage: z.string().nullish(),
};
const chatMessage = z.looseObject({ role: z.string(), content: z.string() });
const placeholder = z.looseObject({ type: z.literal("placeholder"), name: z.string() });
const newPromptSchema = z.union([
  z.object({ ...common, type: z.literal("chat"), prompt: z.array(z.union([placeholder, chatMessage])) }),
  z.object({ ...common, type: z.literal("text").default("text"), prompt: z.string() }),
]);
const querySchema = z.object({ version: z.coerce.number().int().optional(), label: z.string().optional() });

/** One version of a prompt, with Langfuse's field names. */
export type StoredPrompt = z.output<typeof newPromptSchema> & {
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** Whose version is taken when neither version nor label is named, and the one that the newest version always has. */
const PRODUCTION = "production";
const LATEST = "latest";

/** `/v2/prompts`: versions count up, and a label is on one version of a name at a time. */
export function addPromptRoutes(api: Hono<StandInContext>, store: StandInStore): void {
  api.post("/v2/prompts", (c) => create(c, store));
  api.get("/v2/prompts/:name", (c) => read(c, store, c.req.param("name")));
}

function read(c: Context<StandInContext>, store: StandInStore, name: string): Response {
  const query = querySchema.safeParse(c.req.query());
  if (!query.success) return c.json({ message: "Invalid request data", error: query.error.issues }, 400);
  const { version, label } = query.data;
  if (version !== undefined && label !== undefined) {
    return c.json({ message: "Cannot specify both version and label", error: "ValidationError" }, 400);
  }
  const wanted = label ?? PRODUCTION;
  const found = store.prompts.find(
    (prompt) =>
      prompt.name === name && (version === undefined ? prompt.labels.includes(wanted) : prompt.version === version),
  );
  if (found !== undefined) return c.json(found);
  const which = version === undefined ? `label '${wanted}'` : `version ${version}`;
  return c.json({ message: `Prompt not found: '${name}' with ${which}`, error: "LangfuseNotFoundError" }, 404);
}

async function create(c: Context<StandInContext>, store: StandInStore): Promise<Response> {
  const parsed = newPromptSchema.safeParse(parseJson(await c.req.text()));
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  const { name } = parsed.data;
  const labels = [...new Set([...parsed.data.labels, LATEST])];
  const version = 1 + store.prompts.filter((prompt) => prompt.name === name).length;
  store.prompts.forEach((prompt, index) => {
    if (prompt.name !== name) return;
    store.prompts[index] = { ...prompt, labels: prompt.labels.filter((label) => !labels.includes(label)) };
  });
  const now = new Date().toISOString();
  const prompt = { ...parsed.data, version, labels, createdAt: now, updatedAt: now };
  store.prompts.push(prompt);
  return c.json(prompt, 201);
}
