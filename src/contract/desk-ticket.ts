import { z } from "zod";
import { OUTCOMES } from "../domain/outcome.ts";
import { SUGGESTION_STATUSES } from "../domain/suggestion.ts";
import { ticketFields, writtenBy } from "./desk-tickets.ts";
import { instant, uuid } from "./primitives.ts";
import { feedbackEvent } from "./suggestion-detail.ts";

const known = z.string().nullable();

export const deskMessage = z
  .strictObject({
    messageId: uuid,
    text: z.string(),
    createdAt: instant,
    from: writtenBy,
    author: z.string().meta({ description: "A name where one is known, else an id." }),
  })
  .meta({ id: "DeskMessage" });

/** A suggested reply, whole. */
export const deskSuggestion = z
  .strictObject({
    suggestionId: uuid,
    functionName: known,
    messageId: known.meta({ description: "The customer's message that it answers." }),
    status: z.enum(SUGGESTION_STATUSES),
    outcome: z.enum(OUTCOMES),
    text: z.string(),
    confidence: z.number().nullable(),
    model: known,
    errorMessage: known,
    createdAt: instant,
    shownAt: instant.nullable(),
  })
  .meta({ id: "DeskSuggestion" });

/** `GET /v1/desk/tickets/{ticketId}` */
export const deskTicket = z
  .strictObject({
    ...ticketFields,
    description: known,
    messages: z.array(deskMessage).meta({ description: "The oldest first." }),
    suggestion: deskSuggestion.nullable().meta({ description: "The newest suggested reply, open or not." }),
    feedback: z.array(feedbackEvent).meta({ description: "On that suggestion, the oldest first." }),
    reasons: z
      .array(z.string())
      .meta({ description: "Why its agent function's suggestions may be rejected or revised." }),
    categories: z.array(z.string()).meta({ description: "What a ticket may be classified as." }),
  })
  .meta({ id: "DeskTicket" });

export type DeskMessage = z.infer<typeof deskMessage>;
export type DeskSuggestion = z.infer<typeof deskSuggestion>;
export type DeskTicket = z.infer<typeof deskTicket>;
