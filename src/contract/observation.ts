import { z } from "zod";
import { OBSERVATION_LEVELS, OBSERVATION_TYPES } from "../domain/observation.ts";
import { costUsd, instant, message, name, object, storedInteger, text } from "./primitives.ts";

const usage = z.record(z.string().max(100), storedInteger).meta({
  description:
    "Tokens by exclusive bucket: `input` excludes `input_cached_tokens`, `output` excludes `output_reasoning_tokens`.",
});

const prompt = z.strictObject({ name, version: z.union([z.int().min(0), name]) });

/** One step of a run. */
export const newObservation = z
  .strictObject({
    id: text(100)
      .optional()
      .meta({ description: "Yours, so that others can name it as their parent; Uptake makes its own." }),
    parentId: text(100)
      .nullable()
      .optional()
      .meta({ description: "Of an observation that stands before it; the root otherwise." }),
    type: z.enum(OBSERVATION_TYPES),
    name,
    startTime: instant,
    endTime: instant,
    level: z.enum(OBSERVATION_LEVELS).optional(),
    statusMessage: message(10_000).optional(),
    input: z.unknown().optional(),
    output: z.unknown().optional(),
    metadata: object.optional(),
    model: name.optional(),
    modelParameters: object.optional(),
    usage: usage.optional(),
    costUsd: costUsd.optional(),
    completionStartTime: instant.optional(),
    prompt: prompt.optional(),
  })
  .meta({ id: "NewObservation", description: "One step of a run, in Langfuse's meaning." });

/** The same, as it is kept. */
export const observation = z
  .strictObject({
    ...newObservation.shape,
    id: z.string(),
    parentId: z.string().nullable(),
    startTime: z.string(),
    endTime: z.string(),
    name: z.string(),
    statusMessage: z.string().optional(),
    model: z.string().optional(),
    usage: z.record(z.string(), z.number()).optional(),
    costUsd: z.number().optional(),
    completionStartTime: z.string().optional(),
    prompt: z.strictObject({ name: z.string(), version: z.union([z.number(), z.string()]) }).optional(),
  })
  .meta({ id: "Observation" });

export type NewObservation = z.infer<typeof newObservation>;
