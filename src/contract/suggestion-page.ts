import { z } from "zod";
import { OUTCOMES } from "../domain/outcome.ts";
import { SUGGESTION_STATUSES } from "../domain/suggestion.ts";
import { instant, share, uuid } from "./primitives.ts";

const known = z.string().nullable();

/** One suggestion of a list. */
export const suggestionSummary = z
  .strictObject({
    suggestionId: uuid,
    traceId: z.string(),
    functionName: known,
    environment: known,
    model: known,
    promptName: known,
    promptVersion: known,
    ticketId: known,
    messageId: known,
    status: z.enum(SUGGESTION_STATUSES),
    outcome: z.enum(OUTCOMES),
    text: z.string().meta({ description: "Of a longer one the first 300 characters." }),
    isTextCut: z.boolean(),
    confidence: z.number().nullable(),
    keptRatio: share.nullable(),
    latencyMs: z.int().nullable(),
    costUsd: z.number().nullable(),
    errorType: known,
    createdAt: instant,
    shownAt: instant.nullable(),
    decidedAt: instant.nullable(),
  })
  .meta({ id: "SuggestionSummary" });

/** The newest first. */
export const suggestionPage = z
  .strictObject({
    suggestions: z.array(suggestionSummary),
    nextCursor: z.string().nullable().meta({ description: "For the next page; null where there is none." }),
  })
  .meta({ id: "SuggestionPage" });

export type SuggestionSummary = z.infer<typeof suggestionSummary>;
export type SuggestionPage = z.infer<typeof suggestionPage>;
