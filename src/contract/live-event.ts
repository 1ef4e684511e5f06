import { z } from "zod";
import { OUTCOMES } from "../domain/outcome.ts";
import { SUGGESTION_STATUSES } from "../domain/suggestion.ts";
import { FEEDBACK_TYPES } from "../domain/feedback.ts";
import { count, instant, uuid } from "./primitives.ts";

/**
 * The data of `GET /v1/live`'s server-sent events, by the event's name. Changes are seen within about a second; where more
 * change than are listed, `missed` says so, and whoever shows them reads anew.
 */
export const liveEvents = {
  ready: z.strictObject({}),
  suggestion: z.strictObject({
    suggestionId: uuid,
    functionName: z.string().nullable(),
    status: z.enum(SUGGESTION_STATUSES),
    outcome: z.enum(OUTCOMES),
    createdAt: instant,
  }),
  feedback: z.strictObject({
    feedbackId: uuid,
    suggestionId: uuid,
    type: z.enum(FEEDBACK_TYPES),
    createdAt: instant,
  }),
  mirror: z.strictObject({ waitingCount: count, deadCount: count }),
  missed: z.strictObject({}),
};

export type LiveEvent = { [Name in keyof typeof liveEvents]: { readonly event: Name; readonly data: z.infer<(typeof liveEvents)[Name]> } }[keyof typeof liveEvents];
