import { z } from "zod";
import { normalizeEnvironment } from "../environment.ts";
import type { StandInStore } from "./store.ts";
import type { StoredObservation, StoredTrace } from "./stored.ts";

const dateTime = z.iso.datetime({ offset: true });
const text = z.string().nullish();
const amounts = z.record(z.string(), z.number()).nullish();

const common = {
  id: z.string().min(1).nullish(),
  name: text,
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  metadata: z.unknown().optional(),
  version: text,
  environment: text,
};

const traceEventSchema = z.object({
  id: z.string(),
  type: z.literal("trace-create"),
  timestamp: dateTime,
  body: z.object({
    ...common,
    timestamp: dateTime.nullish(),
    userId: text,
    sessionId: text,
    release: text,
    tags: z.array(z.string()).nullish(),
    public: z.boolean().nullish(),
  }),
});

const TYPES = "span|generation|event|agent|tool|chain|retriever|evaluator|embedding|guardrail";

const observationEventSchema = z.object({
  id: z.string(),
  type: z.string().regex(new RegExp(`^((${TYPES})-create|(span|generation)-update)$`), "unknown event type"),
  timestamp: dateTime,
  body: z.object({
    ...common,
    traceId: text,
    startTime: dateTime.nullish(),
    endTime: dateTime.nullish(),
    completionStartTime: dateTime.nullish(),
    parentObservationId: text,
    level: z.enum(["DEBUG", "DEFAULT", "WARNING", "ERROR"]).nullish(),
    statusMessage: text,
    model: text,
    modelParameters: z.record(z.string(), z.unknown()).nullish(),
    usage: z.looseObject({}).nullish(),
    usageDetails: amounts,
    costDetails: amounts,
    promptName: text,
    promptVersion: z.number().int().nullish(),
  }),
});

type TraceEvent = z.infer<typeof traceEventSchema>;
type ObservationEvent = z.infer<typeof observationEventSchema>;

/** Stores what Langfuse 3's first API says of a trace or an observation; what is wrong with the event, if anything is. */
export function takeTraceEvent(event: unknown, store: StandInStore): z.ZodError | undefined {
  const receivedAt = new Date().toISOString();
  const trace = traceEventSchema.safeParse(event);
  if (trace.success) {
    store.addTraces([toTrace(trace.data, receivedAt)]);
    return undefined;
  }
  const observation = observationEventSchema.safeParse(event);
  if (!observation.success) return isTrace(event) ? trace.error : observation.error;
  const id = observation.data.body.id ?? observation.data.id;
  const before = store.observations.findLast((row) => row.id === id);
  const row = toObservation(observation.data, before, receivedAt);
  store.addObservations([row]);
  const { traceId, startTime: timestamp, environment } = row;
  store.addTraces([
    toTrace({ ...observation.data, type: "trace-create", body: { id: traceId, timestamp, environment } }, receivedAt),
  ]);
  return undefined;
}

const isTrace = (event: unknown): boolean =>
  typeof event === "object" && event !== null && "type" in event && event.type === "trace-create";

function toTrace(
  { id, timestamp, body }: Omit<TraceEvent, "body"> & { body: Partial<TraceEvent["body"]> },
  receivedAt: string,
): StoredTrace {
  return {
    id: body.id ?? id,
    timestamp: new Date(body.timestamp ?? timestamp).toISOString(),
    environment: normalizeEnvironment(body.environment ?? null),
    name: body.name ?? null,
    version: body.version ?? null,
    release: body.release ?? null,
    userId: body.userId ?? null,
    sessionId: body.sessionId ?? null,
    tags: body.tags ?? [],
    public: body.public ?? false,
    input: asText(body.input),
    output: asText(body.output),
    metadata: asMetadata(body.metadata),
    receivedAt,
  };
}

/** An update says little; what it leaves out is taken from the row that it updates. */
function toObservation(
  event: ObservationEvent,
  before: StoredObservation | undefined,
  receivedAt: string,
): StoredObservation {
  const { body } = event;
  const [kind = "span", verb] = event.type.split("-");
  const usageDetails = body.usageDetails ?? usageOf(body.usage);
  const costDetails = body.costDetails ?? {};
  const startTime = body.startTime ?? event.timestamp;
  return {
    id: body.id ?? event.id,
    traceId: before?.traceId ?? body.traceId ?? body.id ?? event.id,
    startTime: before?.startTime ?? new Date(startTime).toISOString(),
    type: verb === "update" && before !== undefined ? before.type : kind.toUpperCase(),
    isRootObservation: before?.isRootObservation ?? !body.parentObservationId,
    level: body.level ?? before?.level ?? "DEFAULT",
    environment: before?.environment ?? normalizeEnvironment(body.environment ?? null),
    name: body.name ?? before?.name ?? "",
    endTime: isoOf(body.endTime),
    completionStartTime: isoOf(body.completionStartTime),
    parentObservationId: body.parentObservationId ?? null,
    statusMessage: body.statusMessage ?? null,
    version: body.version ?? null,
    input: asText(body.input),
    output: asText(body.output),
    metadata: asMetadata(body.metadata),
    model: body.model ?? null,
    modelParameters: body.modelParameters ?? {},
    usageDetails,
    costDetails,
    totalCost: costDetails["total"] ?? null,
    promptName: body.promptName ?? null,
    promptVersion: body.promptVersion ?? null,
    userId: null,
    sessionId: null,
    traceName: null,
    tags: [],
    release: null,
    public: false,
    receivedAt,
  };
}

const isoOf = (time: string | null | undefined): string | null =>
  time === undefined || time === null ? null : new Date(time).toISOString();

/** The old `usage` in its two forms: input, output, total; promptTokens, completionTokens, totalTokens. */
function usageOf(usage: Readonly<Record<string, unknown>> | null | undefined): Record<string, number> {
  const names = { promptTokens: "input", completionTokens: "output", totalTokens: "total" };
  const counts: Record<string, number> = {};
  for (const [key, value] of Object.entries(usage ?? {})) {
    const name = new Map(Object.entries(names)).get(key) ?? key;
    if (typeof value === "number" && ["input", "output", "total"].includes(name)) counts[name] = value;
  }
  return counts;
}

function asText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function asMetadata(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) return { metadata: asText(value) ?? "" };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asText(item) ?? "null"]));
}
