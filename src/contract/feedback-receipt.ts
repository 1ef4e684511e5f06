import { z } from "zod";
import { FEEDBACK_TYPES } from "../domain/feedback.ts";
import { refusal } from "./problem.ts";
import { share, uuid } from "./primitives.ts";

export const feedbackFields = {
  feedbackId: uuid,
  suggestionId: uuid,
  type: z.enum(FEEDBACK_TYPES),
  keptRatio: share.optional().meta({ description: "Share of the suggestion that survives in the final text; left out where unknown." }),
  created: z.boolean().meta({ description: "False where the same event was there already: nothing was written." }),
};

/** A feedback event that is committed. */
export const feedbackReceipt = z.strictObject(feedbackFields).meta({ id: "FeedbackReceipt" });

/** What became of several, in their order. */
export const feedbackResults = z
  .strictObject({
    results: z.array(
      z.union([
        z.strictObject({ ok: z.literal(true), ...feedbackFields }),
        z.strictObject({ ok: z.literal(false), error: refusal }),
      ]),
    ),
  })
  .meta({ id: "FeedbackResults" });

export type FeedbackReceipt = z.infer<typeof feedbackReceipt>;
export type FeedbackResults = z.infer<typeof feedbackResults>;
