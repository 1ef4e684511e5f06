import { z } from "zod";
import { metricsBuckets, metricsDimensions } from "../domain/metrics-request.ts";

/** `GET /v1/metrics` and its kin: texts, as a query string has them. */
export const metricsQuery = z.strictObject({
  from: z.string().optional().meta({
    description: "A date, a date-time with its zone, or how long ago (`7d`); 24 hours before `to` when left out.",
  }),
  to: z.string().optional().meta({ description: "Excluded; now when left out." }),
  bucket: z.string().optional().meta({ enum: metricsBuckets, description: "How long a row is." }),
  by: z
    .string()
    .optional()
    .meta({ description: `Comma-separated: ${metricsDimensions.join(", ")}.` }),
  zone: z
    .string()
    .optional()
    .meta({ description: "Time zone whose days are meant, such as `Europe/Berlin`; UTC when left out." }),
});

export type MetricsQueryTexts = z.infer<typeof metricsQuery>;
