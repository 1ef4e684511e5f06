import { z } from "zod";
import { FEEDBACK_TYPES } from "../domain/feedback.ts";
import { observation } from "./observation.ts";
import { instant, object, share, uuid } from "./primitives.ts";
import { suggestionSummary } from "./suggestion-page.ts";

const known = z.string().nullable();

/** How a row stands with Langfuse. */
export const mirrorState = z
  .strictObject({
    state: z.enum(["waiting", "delivered", "dead", "left_out", "none"]).meta({
      description:
        "`none`: not queued, such as while the run is pending. `left_out`: kept out by sampling, by the rule in `reason`. Dead letters are refused for good; `reason` says why.",
    }),
    attempts: z.int().nullable(),
    reason: known.meta({
      description: "What Langfuse, or the way to it, said last; the rule of sampling where it is left out.",
    }),
    deliveredAt: instant.nullable(),
  })
  .meta({ id: "MirrorState" });

/** One act of a person. */
export const feedbackEvent = z
  .strictObject({
    feedbackId: uuid,
    type: z.enum(FEEDBACK_TYPES),
    source: z.enum(["explicit", "inferred"]),
    reasons: z.array(z.string()),
    comment: known,
    finalText: known,
    agentId: known,
    keptRatio: share.nullable(),
    createdAt: instant,
    metadata: object,
    mirror: mirrorState,
  })
  .meta({ id: "FeedbackEvent" });

/** `GET /v1/suggestions/{suggestionId}`: everything about one. */
export const suggestionDetail = z
  .strictObject({
    ...suggestionSummary.omit({ isTextCut: true }).shape,
    text: z.string(),
    systemUserId: known,
    release: known,
    observationId: known.meta({ description: "The observation that scores attach to." }),
    timeToFirstTokenMs: z.int().nullable(),
    inputTokens: z.int().nullable(),
    outputTokens: z.int().nullable(),
    errorMessage: known,
    shownTo: known,
    metadata: object,
    observations: z.array(observation).meta({
      description:
        "The steps of the run, root first; the root has no output where that is the suggestion's text. Empty where none is kept.",
    }),
    feedback: z.array(feedbackEvent).meta({ description: "The oldest first." }),
    mirror: mirrorState,
  })
  .meta({ id: "SuggestionDetail" });

export type MirrorState = z.infer<typeof mirrorState>;
export type FeedbackEvent = z.infer<typeof feedbackEvent>;
export type SuggestionDetail = z.infer<typeof suggestionDetail>;
