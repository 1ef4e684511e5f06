import { z } from "zod";
import { classification, classificationFields } from "./functions-classification.ts";
import { feedbackReceipt } from "./feedback-receipt.ts";
import { MAX_TEXT_CHARS, name, share, text, uuid } from "./primitives.ts";

const agentId = name.meta({ description: "The human support agent." });

/** `POST /v1/desk/tickets/{ticketId}/reply` */
export const deskReply = z
  .strictObject({
    messageId: uuid.meta({
      description: "Chosen by who sends: the same id is the same message, however often it is sent.",
    }),
    text: text(MAX_TEXT_CHARS),
    agentId,
    suggestionId: uuid.optional().meta({
      description: "What the agent had before them; else the newest open suggestion of the ticket.",
    }),
  })
  .meta({ id: "DeskReply" });

export const deskReplyReceipt = z
  .strictObject({
    messageId: uuid,
    created: z.boolean().meta({ description: "False where the message was there already." }),
    inferred: feedbackReceipt.nullable().meta({
      description: "What the text says about the suggestion; null where there was none to compare with.",
    }),
  })
  .meta({ id: "DeskReplyReceipt" });

/** `POST …/suggest` and `POST …/classify` */
export const deskAsk = z.strictObject({ agentId: agentId.optional() }).meta({ id: "DeskAsk" });

export const deskSuggested = z
  .strictObject({
    suggestionId: uuid,
    status: z.enum(["completed", "pending"]),
    text: z.string().nullable(),
    confidence: share.nullable(),
  })
  .meta({ id: "DeskSuggested" });

export const deskClassified = z
  .strictObject({ suggestionId: uuid, status: z.enum(["completed", "pending"]) })
  .meta({ id: "DeskClassified" });

/** `POST …/classification`: what is left out stays as suggested; nothing at all confirms it. */
export const deskDecision = z
  .strictObject({
    suggestionId: uuid,
    category: classificationFields.category.optional(),
    priority: classificationFields.priority.optional(),
    sentiment: classificationFields.sentiment.optional(),
    escalate: classificationFields.escalate.optional(),
    agentId,
    comment: text(10_000).optional(),
    idempotencyKey: name.optional().meta({ description: "The same key is the same act, however often it is sent." }),
  })
  .meta({ id: "DeskDecision" });

export const deskDecided = z
  .strictObject({
    feedbackId: uuid,
    type: z.enum(["approval", "revision"]),
    classification: classification,
    changed: z.array(z.enum(["category", "priority", "sentiment", "escalate"])),
  })
  .meta({ id: "DeskDecided" });

export type DeskReply = z.infer<typeof deskReply>;
export type DeskReplyReceipt = z.infer<typeof deskReplyReceipt>;
export type DeskSuggested = z.infer<typeof deskSuggested>;
export type DeskClassified = z.infer<typeof deskClassified>;
export type DeskDecision = z.infer<typeof deskDecision>;
export type DeskDecided = z.infer<typeof deskDecided>;
