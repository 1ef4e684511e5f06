import { z } from "zod";
import { dimensions, metricsQuestion, metricsRowKey } from "./metrics-answer.ts";
import { count, rate, share } from "./primitives.ts";

const band = z.strictObject({
  band: z.string().nullable().meta({ description: "`0.7-0.8`; null for suggestions whose confidence is not known." }),
  suggestionCount: count,
  decidedCount: count,
  acceptedCount: count,
  observedRate: rate,
  meanConfidence: share.nullable(),
});

/** `GET /v1/calibration`: how often confidences are right. */
export const calibrationAnswer = z
  .strictObject({
    ...metricsQuestion,
    rows: z.array(
      z.strictObject({
        ...metricsRowKey,
        dimensions,
        bands: z.array(band),
        brierScore: z.number().nullable(),
        knownCount: count,
        meanConfidenceAccepted: share.nullable(),
        meanConfidenceRejected: share.nullable(),
      }),
    ),
  })
  .meta({ id: "CalibrationAnswer" });

export type CalibrationAnswer = z.infer<typeof calibrationAnswer>;
