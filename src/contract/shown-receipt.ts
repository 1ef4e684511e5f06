import { z } from "zod";
import { instant, uuid } from "./primitives.ts";

export const shownReceipt = z
  .strictObject({
    suggestionId: uuid,
    shownAt: instant.meta({ description: "When it was first seen." }),
    first: z.boolean().meta({ description: "Whether this call said so first." }),
  })
  .meta({ id: "ShownReceipt" });

export type ShownReceipt = z.infer<typeof shownReceipt>;
