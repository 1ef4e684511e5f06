import { z } from "zod";
import { dimensions, metricsQuestion } from "./metrics-answer.ts";
import { count, share } from "./primitives.ts";

/** `GET /v1/survival`: how long suggestions wait for feedback, the open ones taken into account. */
export const survivalAnswer = z
  .strictObject({
    ...metricsQuestion,
    rows: z.array(
      z.strictObject({
        dimensions,
        decidedCount: count,
        openCount: count,
        observedMs: z.number(),
        steps: z.array(z.strictObject({ atMs: z.number(), atRiskCount: count, endedCount: count, survival: share })),
        medianMs: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: "SurvivalAnswer" });

export type SurvivalAnswer = z.infer<typeof survivalAnswer>;
