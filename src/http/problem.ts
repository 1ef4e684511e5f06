import type { Context, NotFoundHandler } from "hono";
import { UptakeError, type ErrorCode } from "../domain/errors.ts";
import type { Logger } from "../domain/logger.ts";

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

/** The same, and what is the server's own fault is logged whole. */
export function problemLogged(log: Logger, error: unknown, { req }: Context): Problem {
  const problem = problemOf(error);
  if (problem.status >= 500) {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error("http.failed", { method: req.method, path: req.path, error: stack ?? String(error) });
  }
  return problem;
}

/** The answer for a path that is not one; `paths` are those that are. */
export const nothingHere =
  (paths: string): NotFoundHandler =>
  (context) =>
    reply(context, {
      status: 404,
      code: "not_found",
      message: `no ${context.req.method} ${context.req.path} here; there are GET ${paths}`,
    });
