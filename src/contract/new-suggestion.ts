import { z } from "zod";
import { newObservation } from "./observation.ts";
import {
  costUsd,
  instant,
  MAX_ITEMS,
  MAX_TEXT_CHARS,
  message,
  name,
  object,
  share,
  storedInteger,
  uuid,
} from "./primitives.ts";

/** `POST /v1/suggestions`: one finished run of an agent function. */
export const newSuggestion = z
  .strictObject({
    suggestionId: uuid.optional().meta({
      description: "Yours, best a UUID of version 7; sent again it changes nothing. Left out, Uptake makes one.",
    }),
    idempotencyKey: name.optional().meta({
      description:
        "Instead of an id: the same key is the same suggestion, however often it is sent. Unique per project.",
    }),
    functionName: name.meta({ examples: ["generate-message-suggestion"] }),
    text: z
      .string()
      .max(MAX_TEXT_CHARS)
      .optional()
      .meta({ description: "What was suggested; may be left out with `error` only." }),
    confidence: share.nullable().optional().meta({ description: "0–1, as the agent function itself claims it." }),
    ticketId: name.nullable().optional(),
    messageId: name.nullable().optional(),
    systemUserId: name.nullable().optional(),
    metadata: object.optional(),
    environment: z
      .string()
      .regex(
        /^(?!langfuse)[a-z0-9_-]{1,40}$/u,
        'expected at most 40 of a-z, 0-9, "-" and "_", not starting with "langfuse"',
      )
      .optional()
      .meta({ examples: ["production"] }),
    release: name.optional(),
    createdAt: instant
      .optional()
      .meta({ description: "When the run started; worked out from `latencyMs` when left out." }),
    latencyMs: storedInteger.optional().meta({ description: "From the run's start to its end." }),
    timeToFirstTokenMs: storedInteger.optional(),
    model: name.optional().meta({ examples: ["gpt-4.1-mini"] }),
    prompt: z
      .strictObject({ name, version: z.union([z.int().min(0), name]).optional() })
      .optional()
      .meta({ description: "A version that is left out is unknown." }),
    inputTokens: storedInteger.optional(),
    outputTokens: storedInteger.optional(),
    costUsd: costUsd.optional().meta({ description: "Left out is unknown, and not zero." }),
    error: z
      .strictObject({ type: name, message: message(10_000) })
      .optional()
      .meta({ description: "The run failed." }),
    input: z.unknown().optional().meta({ description: "What the agent function was asked. Any JSON." }),
    observations: z
      .array(newObservation)
      .min(1)
      .max(1_000)
      .optional()
      .meta({ description: "The steps of the run, root first. Left out, they are made from the other fields." }),
  })
  .meta({ id: "NewSuggestion" });

export const newSuggestions = z.union([newSuggestion, z.array(newSuggestion).min(1).max(MAX_ITEMS)]);

export type NewSuggestion = z.infer<typeof newSuggestion>;
