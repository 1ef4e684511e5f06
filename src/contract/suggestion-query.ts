import { z } from "zod";
import { OUTCOMES } from "../domain/outcome.ts";
import { SUGGESTION_STATUSES } from "../domain/suggestion.ts";

const moment = "a date, a date-time with its zone, or how long ago (`7d`)";

/** `GET /v1/suggestions`: what to list; whatever is left out does not narrow. All are texts, as a query string has them. */
export const suggestionQuery = z.strictObject({
  function: z.string().max(200).optional().meta({ description: "The agent function's name." }),
  environment: z.string().max(200).optional(),
  model: z.string().max(200).optional(),
  promptVersion: z.string().max(200).optional(),
  outcome: z.enum(OUTCOMES).optional(),
  status: z.enum(SUGGESTION_STATUSES).optional(),
  reason: z
    .string()
    .max(500)
    .optional()
    .meta({ description: "One of the reasons for which it was revised or rejected." }),
  ticket: z.string().max(200).optional().meta({ description: "The ticket's id." }),
  from: z
    .string()
    .max(80)
    .optional()
    .meta({ description: `Made then or later: ${moment}.` }),
  to: z
    .string()
    .max(80)
    .optional()
    .meta({ description: `Made before then: ${moment}.` }),
  search: z.string().max(200).optional().meta({ description: "What the text holds, whatever its case." }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/u, "expected a whole number from 1 to 200")
    .optional()
    .meta({ description: "1 to 200; 50 when left out." }),
  cursor: z.string().max(200).optional().meta({ description: "`nextCursor` of the page before." }),
});

export type SuggestionQuery = z.infer<typeof suggestionQuery>;
