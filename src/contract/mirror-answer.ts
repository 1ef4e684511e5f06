import { z } from "zod";
import { messageKinds } from "../domain/mirror-report.ts";
import { count, instant, uuid } from "./primitives.ts";

/** `GET /v1/mirror`: how the mirror stands with what the project has to deliver. */
export const mirrorAnswer = z
  .strictObject({
    target: z.string().nullable().meta({ description: "Address of the Langfuse that is mirrored into; null when none is set." }),
    waitingCount: count.meta({ description: "Messages still to be delivered, those in work included." }),
    oldestWaitingSeconds: z.number().nullable(),
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
  })
  .meta({ id: "MirrorAnswer" });

export type MirrorAnswer = z.infer<typeof mirrorAnswer>;
