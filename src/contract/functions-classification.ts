import { z } from "zod";
import { madeSuggestion } from "./functions-message-suggestion.ts";
import { name, share, text, uuid } from "./primitives.ts";

export const classificationFields = {
  category: name,
  priority: z.enum(["low", "medium", "high"]),
  sentiment: z.enum(["negative", "neutral", "positive"]),
  escalate: z.boolean().meta({ description: "Whether a person has to see the ticket before anything goes out." }),
};
export const classification = z.strictObject(classificationFields).meta({ id: "Classification" });

/** `POST /functions/v1/classify-ticket` */
export const classificationAnswer = z
  .strictObject({
    ...madeSuggestion,
    ...classificationFields,
    reasons: z.array(z.string()).meta({ description: "What decided, a sentence each." }),
    confidence_score: share,
  })
  .meta({ id: "ClassificationAnswer" });

/** `POST /functions/v1/classify-ticket/decision`: what is left out stays as suggested; nothing at all confirms it. */
export const decisionRequest = z
  .strictObject({
    suggestion_id: uuid,
    category: classificationFields.category.optional(),
    priority: classificationFields.priority.optional(),
    sentiment: classificationFields.sentiment.optional(),
    escalate: classificationFields.escalate.optional(),
    agent_id: name.optional().meta({ description: "The human support agent." }),
    comment: text(10_000).optional(),
    idempotency_key: name.optional().meta({ description: "The same key is the same act, however often it is sent." }),
  })
  .meta({ id: "ClassificationDecision" });

export const decisionAnswer = z
  .strictObject({
    feedback_id: uuid,
    type: z.enum(["approval", "revision"]),
    classification,
    changed: z.array(z.enum(["category", "priority", "sentiment", "escalate"])),
  })
  .meta({ id: "ClassificationDecided" });

export type ClassificationAnswer = z.infer<typeof classificationAnswer>;
export type DecisionRequest = z.infer<typeof decisionRequest>;
export type DecisionAnswer = z.infer<typeof decisionAnswer>;
