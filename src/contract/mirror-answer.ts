import { z } from "zod";
import { messageKinds } from "../domain/mirror-report.ts";
import { count, instant, uuid } from "./primitives.ts";

/** `GET /v1/mirror`: how the mirror stands with what the project has to deliver. */
export const mirrorAnswer = z
  .strictObject({
    target: z
      .string()
      .nullable()
      .meta({ description: "Address of the Langfuse that is mirrored into; null when none is set." }),
    waitingCount: count.meta({
      description: "Messages still to be delivered, those in work included, those that are held not.",
    }),
    oldestWaitingSeconds: z.number().nullable(),
    heldCount: count.meta({
      description: "Messages that sampling holds: feedback may still come, or the day's budget is spent.",
    }),
    deliveredLastMinuteCount: count,
    deliveredTraceCount: count,
    deliveredFeedbackCount: count,
    deliveredScoreCount: count,
    deliveredFeedbackObservationCount: count,
    deadCount: count,
    dead: z
      .array(
        z.strictObject({
          kind: z.enum(messageKinds),
          reason: z.string(),
          count,
          newestRef: uuid.meta({ description: "The suggestion's id for a trace, the event's id for feedback." }),
          newestAt: instant,
        }),
      )
      .meta({ description: "Dead letters by reason, the most frequent first; not all where there are many." }),
    sampling: z
      .strictObject({
        kept: z.array(z.strictObject({ rule: z.string(), traceCount: count })).meta({
          description: "Traces mirrored by the rule that kept them; those from before anything was sampled have none.",
        }),
        leftOut: z.array(z.strictObject({ rule: z.string(), traceCount: count, feedbackCount: count })).meta({
          description: "Traces that are not in Langfuse, with the feedback on them, by the rule that left them out.",
        }),
        unitsToday: count
          .nullable()
          .meta({ description: "Traces, observations and scores counted in this UTC day; null where none are." }),
        dailyUnitLimit: count.nullable().meta({ description: "Null: any number." }),
      })
      .meta({ description: "What sampling has decided (docs/costs.md)." }),
  })
  .meta({ id: "MirrorAnswer" });

export type MirrorAnswer = z.infer<typeof mirrorAnswer>;
