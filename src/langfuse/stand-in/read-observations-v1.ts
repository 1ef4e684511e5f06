import type { Context } from "hono";
import { z } from "zod";
import { PROJECT_ID, type StandInContext } from "./context.ts";
import { numberedPage, pageQuery, parsedText, parsedValues, secondsBetween } from "./numbered-page.ts";
import type { StandInStore } from "./store.ts";
import type { StoredObservation } from "./stored.ts";

const dateTime = z.iso.datetime({ offset: true }).optional();

const querySchema = z.object({
  ...pageQuery,
  name: z.string().optional(),
  userId: z.string().optional(),
  type: z.string().optional(),
  traceId: z.string().optional(),
  level: z.enum(["DEBUG", "DEFAULT", "WARNING", "ERROR"]).optional(),
  parentObservationId: z.string().optional(),
  version: z.string().optional(),
  fromStartTime: dateTime,
  toStartTime: dateTime,
});

/** `GET /observations` of Langfuse 3. */
export function listObservations(c: Context<StandInContext>, store: StandInStore): Response {
  const parsed = querySchema.safeParse(c.req.query());
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  const { page, limit, fromStartTime, toStartTime, userId, ...equal } = parsed.data;
  const users = new Map(store.currentTraces().map((trace) => [trace.id, trace.userId]));
  const environments = new Set(c.req.queries("environment"));
  const found = store.currentObservations().filter((row) => {
    const startMs = Date.parse(row.startTime);
    const values: Readonly<Record<string, unknown>> = row;
    return (
      Object.entries(equal).every(([key, wanted]) => wanted === undefined || values[key] === wanted) &&
      (userId === undefined || users.get(row.traceId) === userId) &&
      (environments.size === 0 || environments.has(row.environment)) &&
      (fromStartTime === undefined || startMs >= Date.parse(fromStartTime)) &&
      (toStartTime === undefined || startMs < Date.parse(toStartTime))
    );
  });
  const { rows, meta } = numberedPage(found, (row) => row.startTime, { page, limit });
  return c.json({ data: rows.map(presentObservation), meta });
}

/** `GET /observations/{id}` of Langfuse 3. */
export function getObservation(c: Context<StandInContext>, store: StandInStore): Response {
  const id = c.req.param("id");
  const row = store.currentObservations().find((candidate) => candidate.id === id);
  if (row !== undefined) return c.json(presentObservation(row));
  return c.json({ message: "Observation not found within authorized project", error: "LangfuseNotFoundError" }, 404);
}

/** Langfuse 3's `ObservationsView`: input and output parsed, tokens and cost also in the words of its first API. */
export function presentObservation(row: StoredObservation): Record<string, unknown> {
  const { userId: _1, sessionId: _2, traceName: _3, tags: _4, release: _5, public: _6, ...about } = row;
  const { isRootObservation: _7, receivedAt, totalCost, ...said } = about;
  const { input = 0, output = 0, total = 0 } = totalsOf(row.usageDetails);
  const cost = totalsOf(row.costDetails);
  return {
    ...said,
    projectId: PROJECT_ID,
    promptId: null,
    modelId: null,
    inputPrice: null,
    outputPrice: null,
    totalPrice: null,
    input: parsedText(row.input),
    output: parsedText(row.output),
    metadata: parsedValues(row.metadata),
    costDetails: totalCost === null ? row.costDetails : { ...row.costDetails, total: totalCost },
    usage: { unit: "TOKENS", input, output, total },
    unit: "TOKENS",
    promptTokens: input,
    completionTokens: output,
    totalTokens: total,
    calculatedInputCost: cost["input"] ?? null,
    calculatedOutputCost: cost["output"] ?? null,
    calculatedTotalCost: totalCost,
    latency: secondsBetween(row.startTime, row.endTime),
    timeToFirstToken: secondsBetween(row.startTime, row.completionStartTime),
    createdAt: receivedAt,
    updatedAt: receivedAt,
  };
}

/** Buckets named `input…` are input, `output…` output. */
function totalsOf(details: Readonly<Record<string, number>>): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const [key, amount] of Object.entries(details)) {
    const kind = ["input", "output", "total"].find((prefix) => key.startsWith(prefix));
    if (kind !== undefined) totals[kind] = (totals[kind] ?? 0) + amount;
  }
  return totals;
}
