import { z } from "zod";
import { FEEDBACK_TYPES } from "../domain/feedback.ts";
import { instant, MAX_ITEMS, MAX_TEXT_CHARS, name, object, text, uuid } from "./primitives.ts";

/** `POST /v1/feedback`: what a person said about a suggestion. */
export const newFeedback = z
  .strictObject({
    suggestionId: uuid,
    type: z.enum(FEEDBACK_TYPES),
    reason: z
      .union([text(500), z.array(text(500)).min(1).max(20)])
      .optional()
      .meta({ description: "Why: one reason or several, the primary first; required for a revision and a rejection." }),
    comment: text(10_000).optional(),
    finalText: text(MAX_TEXT_CHARS).optional().meta({ description: "What the person really sent." }),
    suggestedText: text(MAX_TEXT_CHARS).optional().meta({
      description:
        "What was suggested, where the texts of the agent function are not stored; compared, and not stored.",
    }),
    agentId: name.optional().meta({ description: "The human support agent." }),
    idempotencyKey: name
      .optional()
      .meta({ description: "The same key is the same event, however often it is sent. Unique per project." }),
    createdAt: instant.optional().meta({ description: "When the act happened; now when left out." }),
    metadata: object.optional().meta({ description: "Details of a revision or a rejection; an approval has none." }),
  })
  .meta({ id: "NewFeedback" });

export const newFeedbacks = z.union([newFeedback, z.array(newFeedback).min(1).max(MAX_ITEMS)]);

export type NewFeedback = z.infer<typeof newFeedback>;
