import type { Context } from "hono";
import { z } from "zod";
import { PROJECT_ID, type StandInContext } from "./context.ts";
import { decodeCursor, pageOf } from "./paging.ts";
import type { StandInStore } from "./store.ts";
import type { StoredObservation } from "./stored.ts";

const MAX_METADATA_CHARS = 200;
const dateTime = z.iso.datetime({ offset: true });

const querySchema = z.object({
  fields: z.string().optional(),
  expandMetadata: z.string().optional(),
  limit: z.coerce.number().int().nonnegative().lte(1000).default(50),
  cursor: z.string().optional(),
  parseIoAsJson: z.literal("false").optional(),
  name: z.string().optional(),
  userId: z.string().optional(),
  sessionId: z.string().optional(),
  type: z.string().optional(),
  traceId: z.string().optional(),
  level: z.enum(["DEBUG", "DEFAULT", "WARNING", "ERROR"]).optional(),
  parentObservationId: z.string().optional(),
  isRootObservation: z.enum(["true", "false"]).optional(),
  fromStartTime: dateTime.optional(),
  toStartTime: dateTime.optional(),
  version: z.string().optional(),
});
type Query = z.infer<typeof querySchema>;

/** `GET /v2/observations`: every row as it came, duplicates included, as Langfuse shows them before it merges. */
export function readObservations(c: Context<StandInContext>, store: StandInStore): Response {
  const parsed = querySchema.safeParse(c.req.query());
  if (!parsed.success) return c.json({ message: "Invalid request data", error: parsed.error.issues }, 400);
  const query = parsed.data;
  if (c.req.query("filter") !== undefined) {
    return c.json({ message: "the stand-in Langfuse does not know `filter`; use the plain parameters" }, 501);
  }
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  if (query.cursor !== undefined && after === undefined) return c.json({ message: "Invalid cursor format" }, 400);
  const environments = new Set(c.req.queries("environment"));
  const rows = store
    .currentObservations()
    .filter((row) => matches(row, query) && (environments.size === 0 || environments.has(row.environment)));
  const page = pageOf(rows, (row) => row.startTime, { limit: query.limit, after });
  const meta = page.cursor === undefined ? {} : { cursor: page.cursor };
  return c.json({ data: page.rows.map((row) => present(row, query)), meta });
}

function matches(row: StoredObservation, q: Query): boolean {
  const startMs = Date.parse(row.startTime);
  return (
    same(row.traceId, q.traceId) &&
    same(row.name, q.name) &&
    same(row.userId, q.userId) &&
    same(row.sessionId, q.sessionId) &&
    same(row.type, q.type) &&
    same(row.level, q.level) &&
    same(row.version, q.version) &&
    same(row.parentObservationId ?? "", q.parentObservationId) &&
    same(String(row.isRootObservation), q.isRootObservation) &&
    (q.fromStartTime === undefined || startMs >= Date.parse(q.fromStartTime)) &&
    (q.toStartTime === undefined || startMs < Date.parse(q.toStartTime))
  );
}

const same = (value: string | null, wanted: string | undefined): boolean => wanted === undefined || value === wanted;

/** `core` is always there; without `fields`, `basic` besides; unknown groups are ignored, as Langfuse does. */
function present(row: StoredObservation, query: Query): Record<string, unknown> {
  const groups = new Set((query.fields ?? "core,basic").split(",").map((group) => group.trim()));
  const expanded = new Set((query.expandMetadata ?? "").split(","));
  return {
    ...core(row),
    ...(groups.has("basic") ? basic(row) : {}),
    ...(groups.has("time") ? { ...times(row) } : {}),
    ...(groups.has("io") ? { input: row.input, output: row.output } : {}),
    ...(groups.has("metadata") ? { metadata: shortened(row.metadata, expanded) } : {}),
    ...(groups.has("model") ? modelGroup(row) : {}),
    ...(groups.has("usage") ? usageGroup(row) : {}),
    ...(groups.has("prompt") ? { promptId: null, promptName: row.promptName, promptVersion: row.promptVersion } : {}),
    ...(groups.has("metrics") ? metrics(row) : {}),
    ...(groups.has("trace_context") ? { traceName: row.traceName, tags: row.tags, release: row.release } : {}),
  };
}

function core(row: StoredObservation): Record<string, unknown> {
  const { id, traceId, startTime, endTime, parentObservationId, type } = row;
  const prices = { modelId: null, inputPrice: null, outputPrice: null, totalPrice: null };
  return { id, traceId, startTime, endTime, projectId: PROJECT_ID, parentObservationId, type, ...prices };
}

function basic(row: StoredObservation): Record<string, unknown> {
  const { isRootObservation, name, level, statusMessage, version, environment, userId, sessionId } = row;
  const flags = { bookmarked: false, public: row.public };
  return { isRootObservation, name, level, statusMessage, version, environment, userId, sessionId, ...flags };
}

function times(row: StoredObservation): Record<string, unknown> {
  const { completionStartTime, receivedAt } = row;
  return { completionStartTime, createdAt: receivedAt, updatedAt: receivedAt };
}

/** The server says `providedModelName`, the client's types say `model`; both are sent. */
function modelGroup(row: StoredObservation): Record<string, unknown> {
  const { model, modelParameters } = row;
  return { model, providedModelName: model, internalModelId: null, modelParameters };
}

function usageGroup(row: StoredObservation): Record<string, unknown> {
  const { usageDetails, costDetails, totalCost } = row;
  return { usageDetails, costDetails, totalCost, usagePricingTierName: null };
}

function metrics(row: StoredObservation): Record<string, unknown> {
  const start = Date.parse(row.startTime);
  const seconds = (iso: string | null): number | null => (iso === null ? null : (Date.parse(iso) - start) / 1000);
  return { latency: seconds(row.endTime), timeToFirstToken: seconds(row.completionStartTime) };
}

function shortened(metadata: Readonly<Record<string, string>>, expanded: ReadonlySet<string>): Record<string, string> {
  const entries = Object.entries(metadata).map(([key, value]): [string, string] => [
    key,
    expanded.has(key) ? value : value.slice(0, MAX_METADATA_CHARS),
  ]);
  return Object.fromEntries(entries);
}
