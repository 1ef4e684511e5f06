import { z } from "zod";

export const problemCodes = [
  "invalid_input",
  "unauthorized",
  "forbidden",
  "host_not_allowed",
  "origin_not_allowed",
  "not_found",
  "suggestion_not_found",
  "method_not_allowed",
  "request_timeout",
  "suggestion_id_taken",
  "message_id_taken",
  "too_large",
  "unsupported_media_type",
  "too_many_requests",
  "internal_error",
  "model_failed",
  "model_budget_spent",
  "database_unavailable",
  "too_slow",
  "too_busy",
] as const;
export type ProblemCode = (typeof problemCodes)[number];

const code = z.enum(problemCodes).meta({ description: "Stable; messages may be reworded." });
const details = z.array(z.string()).meta({ description: "One line for each thing that is wrong." });

/** What is wrong with one of several things that came together. */
export const refusal = z.strictObject({ code, message: z.string(), details }).meta({ id: "Refusal" });

/** The body of every answer that is not a success. */
export const problem = z.strictObject({ error: refusal }).meta({ id: "Problem" });

export type Refusal = z.infer<typeof refusal>;
export type Problem = z.infer<typeof problem>;
