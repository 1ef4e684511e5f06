import { z } from "zod";
import { metricsBuckets, metricsDimensions, metricsDurations } from "../domain/metrics-request.ts";

const only = (what: string) =>
  z
    .string()
    .max(2_700)
    .optional()
    .meta({ description: `Only suggestions of this ${what}.` });

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
  function: only("agent function"),
  model: only("model"),
  promptVersion: only("prompt version"),
  environment: only("environment"),
  durations: z
    .string()
    .optional()
    .meta({
      description: `Whose percentiles are wanted, comma-separated: ${metricsDurations.join(", ")}, or \`none\`; all when left out. They are most of what an answer costs.`,
    }),
  zone: z
    .string()
    .optional()
    .meta({ description: "Time zone whose days are meant, such as `Europe/Berlin`; UTC when left out." }),
});

export type MetricsQueryTexts = z.infer<typeof metricsQuery>;
