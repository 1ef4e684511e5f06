import type { Context } from "hono";
import { UptakeError, type ErrorCode } from "../domain/errors.ts";

/** Status and code of everything that can go wrong in a request. */
type Problem = {
  readonly status: 400 | 403 | 404 | 500 | 503;
  readonly code: ErrorCode | "host_not_allowed" | "internal_error";
  readonly message: string;
  /** One entry for each thing that is wrong. */
  readonly details?: readonly string[];
};

/** Replies with the one shape of error bodies: `{ error: { code, message, details } }`. */
export function reply(context: Context, { status, code, message, details = [] }: Problem): Response {
  return context.json({ error: { code, message, details } }, status);
}

/** Errors a caller may be told about; the message of any other may name tables, hosts or files, and stays inside. */
const TOLD: Readonly<Partial<Record<ErrorCode, Problem["status"]>>> = {
  invalid_input: 400,
  suggestion_not_found: 404,
  not_found: 404,
};

const INTERNAL: Problem = {
  status: 500,
  code: "internal_error",
  message: "something went wrong inside; the server's log says what",
};

const UNAVAILABLE: Problem = {
  status: 503,
  code: "database_unavailable",
  message: "the database cannot be reached; try again later",
};

/** What the caller is told about an error. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof UptakeError)) return INTERNAL;
  if (error.code === "database_unavailable") return UNAVAILABLE;
  const status = TOLD[error.code];
  if (status === undefined) return INTERNAL;
  return { status, code: error.code, message: error.message, details: error.message.split("\n") };
}
