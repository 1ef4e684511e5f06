import type { Context } from "hono";
import { z } from "zod";
import { PROJECT_ID, type StandInContext } from "./context.ts";
import { numberedPage, pageQuery } from "./numbered-page.ts";
import type { StandInStore } from "./store.ts";
import type { StoredScore } from "./stored.ts";

const dateTime = z.iso.datetime({ offset: true }).optional();
const list = z
  .string()
  .transform((text) => text.split(",").map((part) => part.trim()))
  .optional();

const querySchema = z.object({
  ...pageQuery,
  fields: list.refine(
    (groups) => groups === undefined || groups.includes("score"),
    "Scores needs to be selected always.",
  ),
  name: z.string().optional(),
  source: z.enum(["API", "EVAL", "ANNOTATION"]).optional(),
  dataType: z.enum(["NUMERIC", "BOOLEAN", "CATEGORICAL", "CORRECTION", "TEXT"]).optional(),
  traceId: z.string().optional(),
  sessionId: z.string().optional(),
  datasetRunId: z.string().optional(),
  observationId: list,
  scoreIds: list,
  fromTimestamp: dateTime,
  toTimestamp: dateTime,
});

/** `GET /v2/scores` of Langfuse 3; with each score what its trace says, unless `fields` leaves that out. */
export function listScores(c: Context<StandInContext>, store: StandInStore): Response {
  const parsed = querySchema.safeParse(c.req.query());
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  const { page, limit, fields, observationId, scoreIds, fromTimestamp, toTimestamp, ...equal } = parsed.data;
  const environments = new Set(c.req.queries("environment"));
  const found = scoresById(store).filter((score) => {
    const values: Readonly<Record<string, unknown>> = score;
    const at = Date.parse(score.timestamp);
    return (
      Object.entries(equal).every(([key, wanted]) => wanted === undefined || values[key] === wanted) &&
      (observationId === undefined || observationId.includes(score.observationId ?? "")) &&
      (scoreIds === undefined || scoreIds.includes(score.id)) &&
      (environments.size === 0 || environments.has(score.environment)) &&
      (fromTimestamp === undefined || at >= Date.parse(fromTimestamp)) &&
      (toTimestamp === undefined || at < Date.parse(toTimestamp))
    );
  });
  const { rows, meta } = numberedPage(found, (score) => score.timestamp, { page, limit });
  const traces = new Map(store.currentTraces().map((trace) => [trace.id, trace]));
  const data = rows.map((score) => {
    const trace = traces.get(score.traceId ?? "");
    if (trace === undefined || (fields !== undefined && !fields.includes("trace"))) return presentScore(score);
    const { userId, tags, environment, sessionId } = trace;
    return { ...presentScore(score), trace: { userId, tags, environment, sessionId } };
  });
  return c.json({ data, meta });
}

/** `GET /v2/scores/{id}` of Langfuse 3. */
export function getScore(c: Context<StandInContext>, store: StandInStore): Response {
  const id = c.req.param("id");
  const score = scoresById(store).find((candidate) => candidate.id === id);
  if (score !== undefined) return c.json(presentScore(score));
  return c.json({ message: "Score not found", error: "LangfuseNotFoundError" }, 404);
}

/** One for each id, as Langfuse's reads have them. */
export const scoresById = (store: StandInStore): readonly StoredScore[] => [
  ...new Map(store.currentScores().map((score) => [score.id, score])).values(),
];

/** A text is `stringValue` here, beside the number 0; a TEXT score has no number at all. */
export function presentScore(score: StoredScore): Record<string, unknown> {
  const { value, eventId: _eventId, ...rest } = score;
  const common = { ...rest, projectId: PROJECT_ID, authorUserId: null, queueId: null };
  if (score.dataType === "BOOLEAN") return { ...common, value, stringValue: value === 1 ? "True" : "False" };
  if (typeof value === "number") return { ...common, value };
  return score.dataType === "TEXT" ? { ...common, stringValue: value } : { ...common, value: 0, stringValue: value };
}
