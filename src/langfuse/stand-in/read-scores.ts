import type { Context } from "hono";
import { z } from "zod";
import { PROJECT_ID, type StandInContext } from "./context.ts";
import { decodeCursor, pageOf } from "./paging.ts";
import type { StandInStore } from "./store.ts";
import type { StoredScore } from "./stored.ts";

const list = z
  .string()
  .transform((text) => text.split(",").map((part) => part.trim()))
  .optional();
const upperList = z
  .string()
  .transform((text) => text.split(",").map((part) => part.trim().toUpperCase()))
  .optional();
const dateTime = z.iso.datetime({ offset: true }).optional();
const GROUPS = ["core", "details", "subject", "annotation"];

const querySchema = z
  .strictObject({
    limit: z.coerce.number().int().positive().lte(100).default(50),
    cursor: z.string().optional(),
    fields: list.refine((groups) => (groups ?? []).every((group) => GROUPS.includes(group)), "unknown field group"),
    id: list,
    name: list,
    source: upperList,
    dataType: upperList,
    environment: list,
    configId: list,
    queueId: list,
    authorUserId: list,
    value: list,
    valueMin: z.coerce.number().optional(),
    valueMax: z.coerce.number().optional(),
    traceId: list,
    sessionId: list,
    observationId: list,
    experimentId: list,
    fromTimestamp: dateTime,
    toTimestamp: dateTime,
  })
  .refine((q) => q.observationId === undefined || q.traceId !== undefined, "observationId filter requires traceId")
  .refine(
    (q) => [q.traceId, q.sessionId, q.experimentId].filter((ids) => ids !== undefined).length <= 1,
    "traceId, sessionId and experimentId are mutually exclusive",
  )
  .refine(
    (q) => (q.valueMin === undefined && q.valueMax === undefined) || q.dataType?.join() === "NUMERIC",
    "valueMin and valueMax require dataType=NUMERIC as a single value",
  )
  .refine(
    (q) => q.value === undefined || ["NUMERIC", "BOOLEAN", "CATEGORICAL"].includes(q.dataType?.join() ?? ""),
    "value filter requires a single dataType from: NUMERIC, BOOLEAN, CATEGORICAL",
  );
type Query = z.infer<typeof querySchema>;

/** `GET /v3/scores`: one row for each score id, as Langfuse's reads have it; unknown parameters are refused. */
export function readScores(c: Context<StandInContext>, store: StandInStore): Response {
  const parsed = querySchema.safeParse(c.req.query());
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  const query = parsed.data;
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  if (query.cursor !== undefined && after === undefined) return c.json({ message: "Invalid cursor format" }, 400);
  const byId = new Map(store.currentScores().map((score) => [score.id, score]));
  const rows = [...byId.values()].filter((score) => matches(score, query));
  const page = pageOf(rows, (score) => score.timestamp, { limit: query.limit, after });
  const meta = { limit: query.limit, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
  return c.json({ data: page.rows.map((score) => present(score, new Set(query.fields))), meta });
}

function matches(score: StoredScore, q: Query): boolean {
  const at = Date.parse(score.timestamp);
  const number = typeof score.value === "number" ? score.value : Number.NaN;
  return (
    among(score.id, q.id) &&
    among(score.name, q.name) &&
    among(score.source, q.source) &&
    among(score.dataType, q.dataType) &&
    among(score.environment, q.environment) &&
    among(String(valueOf(score)), q.value) &&
    among(score.traceId, q.traceId) &&
    among(score.sessionId, q.sessionId) &&
    among(score.observationId, q.observationId) &&
    among(score.datasetRunId, q.experimentId) &&
    among(score.configId, q.configId) &&
    // The stand-in has no annotation queues or users.
    q.queueId === undefined &&
    q.authorUserId === undefined &&
    (q.valueMin === undefined || number >= q.valueMin) &&
    (q.valueMax === undefined || number <= q.valueMax) &&
    (q.fromTimestamp === undefined || at >= Date.parse(q.fromTimestamp)) &&
    (q.toTimestamp === undefined || at < Date.parse(q.toTimestamp))
  );
}

const among = (value: string | null, wanted: readonly string[] | undefined): boolean =>
  wanted === undefined || (value !== null && wanted.includes(value));

function present(score: StoredScore, groups: ReadonlySet<string>): Record<string, unknown> {
  const { id, name, source, timestamp, environment, createdAt, updatedAt, dataType } = score;
  const { comment, configId, metadata } = score;
  const core = { id, projectId: PROJECT_ID, name, source, timestamp, environment, createdAt, updatedAt, dataType };
  return {
    ...core,
    value: valueOf(score),
    ...(groups.has("details") ? { comment, configId, metadata } : {}),
    ...(groups.has("annotation") ? { authorUserId: null, queueId: null } : {}),
    ...(groups.has("subject") ? { subject: subjectOf(score) } : {}),
  };
}

const valueOf = (score: StoredScore): string | number | boolean =>
  score.dataType === "BOOLEAN" ? score.value === 1 : score.value;

function subjectOf(score: StoredScore): Record<string, string | null> {
  if (score.observationId !== null) return { kind: "observation", id: score.observationId, traceId: score.traceId };
  if (score.traceId !== null) return { kind: "trace", id: score.traceId };
  if (score.sessionId !== null) return { kind: "session", id: score.sessionId };
  return { kind: "experiment", id: score.datasetRunId };
}
