import { z } from "zod";

/** `GET /v1/doctor`: what `uptake doctor` says of the server's own deployment. */
export const doctorAnswer = z
  .strictObject({
    ok: z.boolean().meta({ description: "False as soon as one finding is a `fail`." }),
    findings: z.array(
      z.strictObject({
        code: z.string().meta({ description: "Stable name, by area; all stand in docs/doctor.md." }),
        level: z
          .enum(["ok", "warn", "fail"])
          .meta({ description: "`fail`: something is broken or will be; `warn`: it works, and somebody should know." }),
        found: z.string(),
        remedy: z.string().nullable().meta({ description: "What to do; null where nothing is to be done." }),
      }),
    ),
    tookMs: z.number(),
  })
  .meta({ id: "DoctorAnswer" });

export type DoctorAnswer = z.infer<typeof doctorAnswer>;
