import type { Context, NotFoundHandler } from "hono";
import type { ProblemCode } from "../contract/problem.ts";
import { UptakeError, type ErrorCode } from "../domain/errors.ts";
import type { Logger } from "../domain/logger.ts";

/** Status and code of everything that can go wrong in a request. */
export type Problem = {
  readonly status: ProblemStatus;
  readonly code: ProblemCode;
  readonly message: string;
  /** One entry for each thing that is wrong. */
  readonly details: readonly string[];
  /** When it is worth trying again. */
  readonly retryAfterSeconds?: number;
};

export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 429 | 500 | 502 | 503;

/** Errors a caller may be told about; the message of any other may name tables, hosts or files, and stays inside. */
const TOLD = {
  invalid_input: 400,
  unauthorized: 401,
  forbidden: 403,
  host_not_allowed: 403,
  origin_not_allowed: 403,
  not_found: 404,
  suggestion_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  suggestion_id_taken: 409,
  message_id_taken: 409,
  too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
  too_slow: 503,
  too_busy: 503,
} as const satisfies Partial<Record<ErrorCode, ProblemStatus>>;

const isTold = (code: ErrorCode): code is keyof typeof TOLD => code in TOLD;

const RETRY_SECONDS = 2;

const INTERNAL: Problem = {
  status: 500,
  code: "internal_error",
  message: "something went wrong inside; the server's log says what",
  details: [],
};

const UNAVAILABLE: Problem = {
  status: 503,
  code: "database_unavailable",
  message: "the database cannot be reached; try again later",
  details: [],
  retryAfterSeconds: RETRY_SECONDS,
};

/** What exactly a model's endpoint said may name hosts and accounts; it stands in the log, and with the suggestion. */
const MODEL_FAILED: Problem = {
  status: 502,
  code: "model_failed",
  message: "the model did not answer, or not as it should; the suggestion that was recorded says why",
  details: [],
};

/** Postgres' class for values that are none of their type, such as a ticket id where an adopted table wants a UUID. */
const BAD_VALUE = /^22/u;

const BAD: Problem = {
  status: 400,
  code: "invalid_input",
  message: "a value is not of the type that this database wants, such as an id that is no UUID",
  details: [],
};

/** Postgres' code for a statement that was ended from outside, nearly always by its time limit. */
const CANCELED = "57014";

const TOO_SLOW: Problem = {
  status: 503,
  code: "too_slow",
  message:
    "this takes longer in the database than it may; ask for less, such as a shorter range (from, to) or one function, or try again",
  details: [],
  retryAfterSeconds: RETRY_SECONDS,
};

/** What the caller is told about an error. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof UptakeError)) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === CANCELED) return TOO_SLOW;
    return BAD_VALUE.test(code) ? BAD : INTERNAL;
  }
  const { code, message, facts } = error;
  if (code === "database_unavailable") return UNAVAILABLE;
  if (code === "model_failed") return MODEL_FAILED;
  if (!isTold(code)) return INTERNAL;
  const status = TOLD[code];
  const after = facts["retryAfterSeconds"];
  const retry = typeof after === "number" ? after : status === 503 ? RETRY_SECONDS : undefined;
  return {
    status,
    code,
    message,
    details: message.split("\n"),
    ...(retry === undefined ? {} : { retryAfterSeconds: retry }),
  };
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

/** Replies with the one shape of error bodies: `{ error: { code, message, details } }`. */
export function reply(context: Context, { status, code, message, details, retryAfterSeconds }: Problem): Response {
  if (retryAfterSeconds !== undefined) context.header("retry-after", String(Math.ceil(retryAfterSeconds)));
  if (status === 401) context.header("www-authenticate", challengeFor(context));
  return context.json({ error: { code, message, details } }, status);
}

/** A browser asks for name and password of itself when it is told Basic: good for a page, and in the way of a page's scripts. */
function challengeFor({ req }: Context): string {
  const mode = req.header("sec-fetch-mode") ?? "navigate";
  return mode === "navigate" ? 'Basic realm="uptake", charset="UTF-8"' : 'Bearer realm="uptake"';
}

/** Why one of several things was refused; the rest of them may be well. */
export function refusalOf(error: UptakeError): { code: ProblemCode; message: string; details: string[] } {
  const { code, message, details } = problemOf(error);
  return { code, message, details: [...details] };
}

/** The answer for a path that is not one. */
export const nothingHere: NotFoundHandler = (context) =>
  reply(context, {
    status: 404,
    code: "not_found",
    message: `no ${context.req.method} ${context.req.path.slice(0, 200)} here; /docs says what there is`,
    details: [],
  });
