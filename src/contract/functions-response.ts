import { z } from "zod";
import { ofRow, replyFields } from "./functions-message-suggestion.ts";
import { share, uuid } from "./primitives.ts";

/** The host's body: what it does not say of the ticket is read from the desk. */
export const ticketRequest = z
  .object({
    ticket: z.object({
      id: uuid,
      title: z.string().max(1_000).nullish(),
      description: z.string().max(200_000).nullish(),
    }),
    ...ofRow,
  })
  .meta({ id: "TicketRequest" });

const heldBackBy = z.enum([
  "auto_send_off",
  "confidence_not_above_threshold",
  "already_answered",
  "escalated",
  "escalation_unknown",
  "ticket_not_open",
  "suggestion_finished",
]);

/** `POST /functions/v1/generate-response` */
export const responseAnswer = z
  .strictObject({
    ...replyFields,
    sent: z.boolean().meta({ description: "Whether the reply went to the customer without a person." }),
    message_id: uuid.nullable().meta({ description: "The message that was sent." }),
    held_back_by: heldBackBy.nullable().meta({ description: "Why it stays a suggestion." }),
    threshold: share.nullable(),
  })
  .meta({ id: "ResponseAnswer" });

export type TicketRequest = z.infer<typeof ticketRequest>;
export type ResponseAnswer = z.infer<typeof responseAnswer>;
