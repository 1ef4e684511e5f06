import { z } from "zod";

/** `/healthz`, `/readyz`. */
export const probeAnswer = z.strictObject({ status: z.string() }).meta({ id: "ProbeAnswer" });

export type ProbeAnswer = z.infer<typeof probeAnswer>;
