import type { Follower } from "./follower.ts";
import { followStream } from "./streams.ts";
import type { Followed } from "./types.ts";

/**
 * Calls `call` and tells the follower how it ended: at once, when its promise settles, or when the stream it returned
 * is over. The caller sees the same results, errors and chunks as without it, synchronous ones synchronously.
 */
export function follow<Result>(call: () => Result, follower: Follower): Followed<Result> {
  let result: Result;
  try {
    result = follower.within(call);
  } catch (error) {
    void follower.ended({ kind: "failed", error }, false);
    throw error;
  }
  // The type says it case by case: promises become promises of the same, anything else is what it was.
  const followed: unknown = isThenable(result)
    ? result.then(
        (value) => settled(value, follower),
        (error: unknown) => failed(error, follower),
      )
    : returned(result, follower);
  return followed as Followed<Result>;
}

function returned(value: unknown, follower: Follower): unknown {
  const stream = followStream(value, follower);
  if (stream === undefined) void follower.ended({ kind: "returned", value }, false);
  return stream ?? value;
}

function settled(value: unknown, follower: Follower): unknown {
  const stream = followStream(value, follower);
  if (stream !== undefined) return stream;
  const recorded = follower.ended({ kind: "returned", value }, true);
  return recorded === undefined ? value : recorded.then(() => value);
}

async function failed(error: unknown, follower: Follower): Promise<never> {
  await follower.ended({ kind: "failed", error }, true);
  // The very same thing the function threw, whatever it is.
  throw error;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
  } catch {
    return false;
  }
}
