import { z } from "zod";
import { instant, MAX_TEXT_CHARS, name, text, uuid } from "./primitives.ts";

/** `POST /v1/sent`: what a person sent; approval, revision or rejection is inferred from it. */
export const newSent = z
  .strictObject({
    suggestionId: uuid.optional().meta({ description: "Else the newest open suggestion of the ticket (and message)." }),
    ticketId: name.optional(),
    messageId: name.optional(),
    finalText: text(MAX_TEXT_CHARS),
    suggestedText: text(MAX_TEXT_CHARS).optional().meta({
      description:
        "What was suggested, where the texts of the agent function are not stored; compared, and not stored.",
    }),
    agentId: name.optional().meta({ description: "The human support agent." }),
    idempotencyKey: name.optional().meta({
      description: "The same text for the same suggestion is one event anyway; a key of your own overrides that.",
    }),
    createdAt: instant.optional().meta({ description: "When it was sent; now when left out." }),
  })
  .meta({ id: "NewSent" });

export type NewSent = z.infer<typeof newSent>;
