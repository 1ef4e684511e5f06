import { z } from "zod";
import { MAX_TEXT_CHARS, name, share, uuid } from "./primitives.ts";

// The bodies of the host's edge functions, by their own names; what else a host sends along is not read.

const suggestionId = uuid.nullish().meta({
  description: "A row of `ai_suggestions` to complete in place, pending or not made yet; a new one when left out.",
});
const systemUserId = name.nullish().meta({ description: "In whose name the host asks." });
export const ofRow = { suggestion_id: suggestionId, system_user_id: systemUserId };

/** `POST /functions/v1/generate-message-suggestion` */
export const messageSuggestionRequest = z
  .object({
    ticket_id: uuid,
    message_id: uuid.meta({ description: "The customer's message to answer." }),
    ...ofRow,
  })
  .meta({ id: "MessageSuggestionRequest" });

const suggested = z.string().max(MAX_TEXT_CHARS).meta({ description: "The reply." });

/** What every answer of an agent function begins with. */
export const madeSuggestion = {
  suggestion_id: uuid,
  trace_id: z.string(),
  status: z.literal("completed"),
};

export const replyFields = {
  ...madeSuggestion,
  suggested_response: suggested,
  confidence_score: share.nullable().meta({ description: "As the function itself claims it; null is unknown." }),
};

export const messageSuggestionAnswer = z.strictObject(replyFields).meta({ id: "MessageSuggestionAnswer" });

/** Somebody else is at the row; its answer will stand there. */
export const stillPending = z
  .strictObject({ suggestion_id: uuid, trace_id: z.string(), status: z.literal("pending") })
  .meta({ id: "StillPending" });

export type MessageSuggestionRequest = z.infer<typeof messageSuggestionRequest>;
export type MessageSuggestionAnswer = z.infer<typeof messageSuggestionAnswer>;
export type StillPendingAnswer = z.infer<typeof stillPending>;
