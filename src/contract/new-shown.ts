import { z } from "zod";
import { instant, name } from "./primitives.ts";

/** `POST /v1/suggestions/{suggestionId}/shown`: a person has seen it. The body may be left out. */
export const newShown = z
  .strictObject({
    agentId: name.optional().meta({ description: "The human support agent." }),
    at: instant.optional().meta({ description: "Now when left out; the earliest time counts." }),
  })
  .meta({ id: "NewShown" });

export type NewShown = z.infer<typeof newShown>;
