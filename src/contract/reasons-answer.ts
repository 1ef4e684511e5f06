import { z } from "zod";
import { dimensions, metricsQuestion, metricsRowKey } from "./metrics-answer.ts";
import { rate } from "./primitives.ts";

/** `GET /v1/reasons`: why suggestions were revised or rejected, by the time of that decision; the most frequent first. */
export const reasonsAnswer = z
  .strictObject({
    ...metricsQuestion,
    rows: z.array(
      z.strictObject({
        ...metricsRowKey,
        dimensions,
        outcome: z.enum(["revised", "rejected"]),
        reason: z.string(),
        share: rate,
      }),
    ),
  })
  .meta({ id: "ReasonsAnswer" });

export type ReasonsAnswer = z.infer<typeof reasonsAnswer>;
