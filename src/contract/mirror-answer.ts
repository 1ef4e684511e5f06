import { z } from "zod";
import { messageKinds } from "../domain/mirror-report.ts";
import { WORKER_ACTS, WORKER_KINDS, WORKER_STATES } from "../domain/worker-report.ts";
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
    workers: z
      .array(
        z.strictObject({
          id: uuid,
          kind: z.enum(WORKER_KINDS),
          host: z.string(),
          pid: z.int(),
          version: z.string(),
          state: z.enum(WORKER_STATES).meta({
            description:
              "`silent`: not seen for 35 seconds though it did not say that it ends; it notes itself every ten.",
          }),
          startedAt: instant,
          seenAt: instant,
          lastAct: z.enum(WORKER_ACTS).nullable().meta({ description: "Null until it has done anything." }),
          lastActAt: instant.nullable(),
        }),
      )
      .meta({ description: "Processes that mirrored and added up within a day, whatever their project." }),
    lastVerification: z
      .strictObject({
        baseUrl: z.string(),
        verifiedAt: instant,
        ok: z.boolean(),
        version: z.string().nullable().meta({ description: "Of that Langfuse; null where it was not reached." }),
        project: z.string().nullable(),
        seenAfterMs: z
          .int()
          .nullable()
          .meta({ description: "Until the last of all that was sent was seen; null where something was not." }),
        problem: z.string().nullable().meta({ description: "What was wrong first." }),
      })
      .nullable()
      .meta({
        description:
          "How the last `uptake verify` went: of the Langfuse that is set, else of any; null where none did.",
      }),
  })
  .meta({ id: "MirrorAnswer" });

export type MirrorAnswer = z.infer<typeof mirrorAnswer>;
