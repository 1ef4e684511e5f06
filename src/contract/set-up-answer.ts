import { z } from "zod";
import { FEEDBACK_TYPES } from "../domain/feedback.ts";
import { instant, uuid } from "./primitives.ts";

export const langfuseStates = ["not_set", "reached", "refused", "away"] as const;

/** `GET /v1/set-up`: what is there, and what is still missing. */
export const setUpAnswer = z
  .strictObject({
    database: z.strictObject({ kind: z.enum(["embedded", "postgres"]) }),
    langfuse: z.strictObject({
      state: z.enum(langfuseStates).meta({
        description: "`not_set`: no keys; `refused`: it is there and does not take them; `away`: it does not answer.",
      }),
      target: z.string().nullable(),
      version: z.string().nullable(),
      project: z.string().nullable().meta({ description: "Name of the project that the keys are for." }),
      dialect: z.enum(["v3", "v4"]).nullable().meta({ description: "How it is read; null while that is not known." }),
      message: z.string().nullable().meta({ description: "What is wrong, in the words of the mirror." }),
    }),
    suggestion: z
      .strictObject({ suggestionId: uuid, functionName: z.string().nullable(), createdAt: instant })
      .nullable()
      .meta({ description: "The newest; null as long as there is none." }),
    feedback: z
      .strictObject({ suggestionId: uuid, type: z.enum(FEEDBACK_TYPES), createdAt: instant })
      .nullable()
      .meta({ description: "An act on one of the newest 1,000 suggestions; null as long as there is none." }),
  })
  .meta({ id: "SetUpAnswer" });

export type SetUpAnswer = z.infer<typeof setUpAnswer>;
