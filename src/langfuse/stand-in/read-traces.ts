import type { Context } from "hono";
import { z } from "zod";
import { PROJECT_ID, type StandInContext } from "./context.ts";
import { numberedPage, pageQuery, parsedText, parsedValues } from "./numbered-page.ts";
import { presentObservation } from "./read-observations-v1.ts";
import { presentScore, scoresById } from "./read-scores-v2.ts";
import type { StandInStore } from "./store.ts";
import type { StoredObservation, StoredScore, StoredTrace } from "./stored.ts";

const dateTime = z.iso.datetime({ offset: true }).optional();
const fields = z
  .string()
  .transform((text): ReadonlySet<string> => new Set(text.split(",").map((part) => part.trim())))
  .default(() => new Set(["core", "io", "scores", "observations", "metrics"]));

const listSchema = z.object({
  ...pageQuery,
  fields,
  orderBy: z.literal("timestamp.desc").optional(),
  userId: z.string().optional(),
  name: z.string().optional(),
  sessionId: z.string().optional(),
  version: z.string().optional(),
  release: z.string().optional(),
  fromTimestamp: dateTime,
  toTimestamp: dateTime,
});

/** `GET /traces` of Langfuse 3: observations and scores by their ids. */
export function listTraces(c: Context<StandInContext>, store: StandInStore): Response {
  const parsed = listSchema.safeParse(c.req.query());
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  const { page, limit, fields: groups, orderBy: _newestFirst, fromTimestamp, toTimestamp, ...equal } = parsed.data;
  const tags = c.req.queries("tags") ?? [];
  const environments = new Set(c.req.queries("environment"));
  const found = store.currentTraces().filter((trace) => {
    const values: Readonly<Record<string, unknown>> = trace;
    const at = Date.parse(trace.timestamp);
    return (
      Object.entries(equal).every(([key, wanted]) => wanted === undefined || values[key] === wanted) &&
      tags.every((tag) => trace.tags.includes(tag)) &&
      (environments.size === 0 || environments.has(trace.environment)) &&
      (fromTimestamp === undefined || at >= Date.parse(fromTimestamp)) &&
      (toTimestamp === undefined || at < Date.parse(toTimestamp))
    );
  });
  const { rows, meta } = numberedPage(found, (trace) => trace.timestamp, { page, limit });
  const data = rows.map((trace) => {
    const { observations, scores } = partsOf(trace, store);
    return {
      ...presentTrace(trace, observations, groups),
      observations: groups.has("observations") ? observations.map(({ id }) => id) : [],
      scores: groups.has("scores") ? scores.map(({ id }) => id) : [],
    };
  });
  return c.json({ data, meta });
}

/** `GET /traces/{id}` of Langfuse 3: observations and scores in full; corrections are left out, as there. */
export function getTrace(c: Context<StandInContext>, store: StandInStore): Response {
  const id = c.req.param("id") ?? "";
  const groups = fields.safeParse(c.req.query("fields")).data ?? new Set<string>();
  const trace = store.currentTraces().find((candidate) => candidate.id === id);
  if (trace === undefined) {
    const message = `Trace ${id} not found within authorized project`;
    return c.json({ message, error: "LangfuseNotFoundError" }, 404);
  }
  const { observations, scores } = partsOf(trace, store);
  return c.json({
    ...presentTrace(trace, observations, groups),
    observations: groups.has("observations") ? observations.map(presentObservation) : [],
    scores: groups.has("scores")
      ? scores.filter(({ dataType }) => dataType !== "CORRECTION").map((score) => presentScore(score))
      : [],
  });
}

type Parts = { readonly observations: readonly StoredObservation[]; readonly scores: readonly StoredScore[] };

function partsOf(trace: StoredTrace, store: StandInStore): Parts {
  return {
    observations: store.currentObservations().filter(({ traceId }) => traceId === trace.id),
    scores: scoresById(store).filter(({ traceId }) => traceId === trace.id),
  };
}

/** -1 stands for "not asked for" in the metrics group. */
function presentTrace(
  trace: StoredTrace,
  observations: readonly StoredObservation[],
  groups: ReadonlySet<string>,
): Record<string, unknown> {
  const { receivedAt, input, output, metadata, ...core } = trace;
  const hasMetrics = groups.has("metrics");
  const cost = observations.reduce((sum, row) => sum + (row.totalCost ?? 0), 0);
  return {
    ...core,
    projectId: PROJECT_ID,
    externalId: null,
    bookmarked: false,
    createdAt: receivedAt,
    updatedAt: receivedAt,
    htmlPath: `/project/${PROJECT_ID}/traces/${trace.id}`,
    input: groups.has("io") ? parsedText(input) : null,
    output: groups.has("io") ? parsedText(output) : null,
    metadata: groups.has("io") ? parsedValues(metadata) : {},
    latency: hasMetrics ? latencyOf(observations) : -1,
    totalCost: hasMetrics ? cost : -1,
  };
}

/** From the first start to the last end, in seconds. */
function latencyOf(observations: readonly StoredObservation[]): number {
  const starts = observations.map((row) => Date.parse(row.startTime));
  const ends = observations.flatMap((row) => (row.endTime === null ? [] : [Date.parse(row.endTime)]));
  const last = ends.length > 0 ? ends : starts;
  return last.length === 0 ? 0 : (Math.max(...last) - Math.min(...starts)) / 1000;
}
