import { z } from "zod";
import { refusal } from "./problem.ts";
import { uuid } from "./primitives.ts";

const fields = {
  suggestionId: uuid,
  traceId: z.string().meta({ description: "32 hex digits: the suggestion's id without its dashes." }),
  created: z.boolean().meta({ description: "False where the same suggestion was there already: nothing was written." }),
  feedbackToken: z.string().nullable().meta({
    description: "Lets a browser report shown, feedback and sent for this suggestion; null where no secret for tokens is set.",
  }),
};

/** A suggestion that is committed. */
export const suggestionReceipt = z.strictObject(fields).meta({ id: "SuggestionReceipt" });

/** What became of several, in their order. */
export const suggestionResults = z
  .strictObject({
    results: z.array(
      z.union([
        z.strictObject({ ok: z.literal(true), ...fields }),
        z.strictObject({ ok: z.literal(false), error: refusal }),
      ]),
    ),
  })
  .meta({ id: "SuggestionResults" });

export type SuggestionReceipt = z.infer<typeof suggestionReceipt>;
export type SuggestionResults = z.infer<typeof suggestionResults>;
