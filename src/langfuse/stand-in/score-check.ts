import { z } from "zod";
import { normalizeEnvironment } from "../environment.ts";
import { dropReason, type StoredScoreConfig } from "./config-check.ts";
import type { StoredScore } from "./stored.ts";

/** Langfuse's score body (v4.16.0, packages/shared/src/server/ingestion/types.ts and utils/scores.ts). */
const idSchema = z
  .string()
  .min(1)
  .max(800)
  .refine((id) => !id.includes("\r"), "ID cannot contain carriage return characters");

const base = z.object({
  id: idSchema.nullish(),
  name: z.string().min(1),
  traceId: z.string().nullish(),
  sessionId: z.string().nullish(),
  datasetRunId: z.string().nullish(),
  observationId: z.string().nullish(),
  environment: z.string().nullish(),
  comment: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  source: z.enum(["API", "EVAL", "ANNOTATION"]).default("API"),
  queueId: z.string().nullish(),
  configId: z.string().nullish(),
});

const isFlag = (value: number): boolean => value === 0 || value === 1;

export const scoreBodySchema = z
  .discriminatedUnion("dataType", [
    base.extend({ dataType: z.literal("NUMERIC"), value: z.number() }),
    base.extend({ dataType: z.literal("CATEGORICAL"), value: z.string() }),
    base.extend({
      dataType: z.literal("BOOLEAN"),
      value: z.number().refine(isFlag, "Value must be a number equal to either 0 or 1 for data type BOOLEAN"),
    }),
    base.extend({ dataType: z.literal("CORRECTION"), value: z.string(), configId: z.undefined().nullish() }),
    base.extend({ dataType: z.literal("TEXT"), value: z.string().min(1).max(500) }),
    base.extend({ dataType: z.undefined().optional(), value: z.union([z.string(), z.number()]) }),
  ])
  .refine(
    (body) => {
      const subjects = [body.traceId, body.sessionId, body.datasetRunId].filter(Boolean).length;
      return subjects === 1 && (!body.observationId || Boolean(body.traceId));
    },
    {
      message:
        "Provide exactly one of the following: traceId (with optional observationId), sessionId or datasetRunId. ObservationId requires traceId.",
    },
  );

export type IncomingScore = z.infer<typeof scoreBodySchema>;

export const scoreEventSchema = z.object({
  id: idSchema,
  timestamp: z.iso.datetime({ offset: true }),
  type: z.literal("score-create"),
  body: scoreBodySchema,
});

export const sdkLogSchema = z.object({
  id: idSchema,
  timestamp: z.iso.datetime({ offset: true }),
  type: z.literal("sdk-log"),
  body: z.unknown(),
});

/** Where a score came from, and when. */
export type ScoreOrigin = {
  readonly id: string;
  readonly timestamp: string;
  readonly now: string;
  readonly eventId: string | null;
};

/**
 * The row that Langfuse's worker makes of an accepted score, or why it drops it without a word: a config that does not
 * exist or does not take it, a human's score without a config, a correction of a session. A config's name wins.
 */
export function toStoredScore(
  body: IncomingScore,
  at: ScoreOrigin,
  config: StoredScoreConfig | undefined,
): { readonly score: StoredScore } | { readonly reason: string } {
  const inferred = body.dataType ?? (typeof body.value === "number" ? "NUMERIC" : "CATEGORICAL");
  const dataType = body.dataType ?? config?.dataType ?? inferred;
  const reason = body.configId ? dropReason(config, body) : undefined;
  if (reason !== undefined) return { reason };
  if (body.source === "ANNOTATION" && dataType !== "CORRECTION" && !body.configId) {
    return { reason: "source ANNOTATION requires a configId" };
  }
  if (dataType === "CORRECTION" && !body.traceId) return { reason: "CORRECTION of something that is no trace" };
  const score: StoredScore = {
    id: at.id,
    name: dataType === "CORRECTION" ? "output" : (config?.name ?? body.name),
    dataType,
    value: body.value,
    traceId: body.traceId ?? null,
    observationId: body.observationId ?? null,
    sessionId: body.sessionId ?? null,
    datasetRunId: body.datasetRunId ?? null,
    environment: normalizeEnvironment(body.environment ?? null),
    source: body.source,
    configId: body.configId ?? null,
    comment: body.comment ?? null,
    metadata: body.metadata ?? {},
    timestamp: at.timestamp,
    createdAt: at.now,
    updatedAt: at.now,
    eventId: at.eventId,
  };
  return { score };
}
