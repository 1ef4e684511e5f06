import type { MiddlewareHandler } from "hono";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { StandInContext } from "./context.ts";

/**
 * Trouble that the stand-in can be told to make:
 *
 * - `status`: answers with it, nothing is stored; `retryAfter` (seconds, or an HTTP date) goes into the header
 * - `hang`: takes the request and never answers; nothing is stored
 * - `closeAfterAccept`: stores what was posted, then closes the connection without an answer; reads answer as usual
 * - `refuseScores`: posts to `/ingestion` are answered 207 with these scores among the `errors`, with `status` (400 unless
 *   said otherwise); nothing of them is stored. Everything else goes on as usual
 * - `dropScores`: likewise, but these scores are among the `successes`, as Langfuse answers for what its worker drops
 * - `refuseSpans`: an export with such a span is treated as one with a malformed one: refused as a whole by Langfuse 4,
 *   lost as a whole after a 200 by Langfuse 3
 */
export type Failure =
  | { readonly status: number; readonly retryAfter?: number | string }
  | { readonly hang: true }
  | { readonly closeAfterAccept: true }
  | { readonly refuseScores: ScorePick; readonly status?: number }
  | { readonly dropScores: ScorePick }
  | { readonly refuseSpans: SpanPick };

/** Scores of this name, or every n-th that comes, the n-th first. */
export type ScorePick = { readonly name: string } | { readonly every: number };

/** Spans of this name, or of this trace. */
export type SpanPick = { readonly name: string } | { readonly traceId: string };

/** What becomes of one score: a number is the status that its event is refused with. */
export type ScoreFate = "stored" | "dropped" | number;

export type FailureSwitch = {
  /** From now on, until set to null. */
  readonly set: (failure: Failure | null) => void;
  /** Only for the next requests; before what `set` says. */
  readonly next: (failure: Failure, count?: number) => void;
  /** What happens to this request; trouble that does not concern it waits for one that it does. */
  readonly take: (request: Asked) => Failure | null;
  /** What a trouble with scores does to the next score. */
  readonly fateOf: (failure: ScoreFailure, name: string) => ScoreFate;
};

type Asked = { readonly method: string; readonly path: string };
type ScoreFailure = Extract<Failure, { refuseScores: ScorePick } | { dropScores: ScorePick }>;

const aboutScores = (failure: Failure): failure is ScoreFailure => "refuseScores" in failure || "dropScores" in failure;

function concerns(failure: Failure, { method, path }: Asked): boolean {
  if (aboutScores(failure)) return method === "POST" && path.endsWith("/ingestion");
  if ("refuseSpans" in failure) return method === "POST" && path.endsWith("/otel/v1/traces");
  return !("closeAfterAccept" in failure) || method !== "GET";
}

export function createFailureSwitch(): FailureSwitch {
  let lasting: Failure | null = null;
  const queued: Failure[] = [];
  let scoreCount = 0;
  return {
    set: (failure) => {
      lasting = failure;
      scoreCount = 0;
      if (failure === null) queued.length = 0;
    },
    next: (failure, count = 1) => {
      for (let i = 0; i < count; i += 1) queued.push(failure);
    },
    take: (request) => {
      const failure = queued[0] ?? lasting;
      if (failure === null || !concerns(failure, request)) return null;
      queued.shift();
      return failure;
    },
    fateOf: (failure, name) => {
      scoreCount += 1;
      const pick = "dropScores" in failure ? failure.dropScores : failure.refuseScores;
      const isPicked = "name" in pick ? pick.name === name : scoreCount % pick.every === 0;
      if (!isPicked) return "stored";
      return "dropScores" in failure ? "dropped" : (failure.status ?? 400);
    },
  };
}

/** Makes the trouble for every route it is put in front of. */
export function failing(failures: FailureSwitch): MiddlewareHandler<StandInContext> {
  return async (c, next) => {
    const failure = failures.take(c.req);
    if (failure === null) return next();
    if (aboutScores(failure)) {
      c.set("scoreFate", (name) => failures.fateOf(failure, name));
      return next();
    }
    if ("refuseSpans" in failure) {
      c.set("badSpans", failure.refuseSpans);
      return next();
    }
    if ("status" in failure) {
      if (failure.retryAfter !== undefined) c.header("retry-after", String(failure.retryAfter));
      const body = { message: `the stand-in was told to answer ${failure.status}` };
      // A test chooses the status; Hono's type lists the known ones.
      return c.json(body, failure.status as 500);
    }
    if ("hang" in failure) {
      await new Promise<void>((resolve) => c.env.incoming.socket.once("close", () => resolve()));
      return RESPONSE_ALREADY_SENT;
    }
    await next();
    c.env.outgoing.socket?.destroy();
    c.res = RESPONSE_ALREADY_SENT;
  };
}
