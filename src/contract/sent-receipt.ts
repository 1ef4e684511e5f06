import { z } from "zod";
import { feedbackFields } from "./feedback-receipt.ts";

/** The feedback event that was inferred; `recorded` is false where the ticket has no open suggestion: that is no feedback. */
export const sentReceipt = z
  .union([
    z.strictObject({ recorded: z.literal(true), ...feedbackFields }),
    z.strictObject({ recorded: z.literal(false) }),
  ])
  .meta({ id: "SentReceipt" });

export type SentReceipt = z.infer<typeof sentReceipt>;
