import type { MiddlewareHandler } from "hono";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { StandInContext } from "./context.ts";

/**
 * Trouble that the stand-in can be told to make:
 *
 * - `status`: answers with it, nothing is stored; `retryAfter` (seconds, or an HTTP date) goes into the header
 * - `hang`: takes the request and never answers; nothing is stored
 * - `closeAfterAccept`: stores what was posted, then closes the connection without an answer; reads answer as usual
 */
export type Failure =
  | { readonly status: number; readonly retryAfter?: number | string }
  | { readonly hang: true }
  | { readonly closeAfterAccept: true };

export type FailureSwitch = {
  /** From now on, until set to null. */
  readonly set: (failure: Failure | null) => void;
  /** Only for the next requests; before what `set` says. */
  readonly next: (failure: Failure, count?: number) => void;
  /** What happens to this request; a read leaves trouble that only concerns writes for the next write. */
  readonly take: (method: string) => Failure | null;
};

export function createFailureSwitch(): FailureSwitch {
  let lasting: Failure | null = null;
  const queued: Failure[] = [];
  return {
    set: (failure) => {
      lasting = failure;
      if (failure === null) queued.length = 0;
    },
    next: (failure, count = 1) => {
      for (let i = 0; i < count; i += 1) queued.push(failure);
    },
    take: (method) => {
      const failure = queued[0] ?? lasting;
      if (failure === null || ("closeAfterAccept" in failure && method === "GET")) return null;
      queued.shift();
      return failure;
    },
  };
}

/** Makes the trouble for every route it is put in front of. */
export function failing(failures: FailureSwitch): MiddlewareHandler<StandInContext> {
  return async (c, next) => {
    const failure = failures.take(c.req.method);
    if (failure === null) return next();
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
