import { z } from "zod";
import { messageKinds } from "../domain/mirror-report.ts";
import { count } from "./primitives.ts";

/** `POST /v1/mirror/retry` */
export const mirrorRetryRequest = z
  .strictObject({
    kind: z.enum(messageKinds).optional().meta({ description: "Only dead letters of this kind; all when left out." }),
  })
  .meta({ id: "MirrorRetryRequest" });

export const mirrorRetryAnswer = z
  .strictObject({
    requeuedCount: count.meta({ description: "Dead letters that wait to be delivered again." }),
  })
  .meta({ id: "MirrorRetryAnswer" });

export type MirrorRetryAnswer = z.infer<typeof mirrorRetryAnswer>;
