import { updateWithCost } from "../cost.ts";
import { endWithError } from "../ending.ts";
import { describeAnswer, describeEmbeddings } from "./answer.ts";
import type { Call } from "./call.ts";
import { followStream, isStream } from "./follow-stream.ts";

type Transform = (answer: unknown, ...more: unknown[]) => unknown;

/** What the client's promise is made of (openai/src/core/api-promise.ts); private there, and the same since version 4. */
type ApiPromise = {
  responsePromise: Promise<unknown>;
  parseResponse: (...args: unknown[]) => Promise<unknown>;
  _thenUnwrap: (transform: Transform) => unknown;
};

/**
 * Makes the call and follows the APIPromise that comes back. The promise itself is returned, since its `withResponse`,
 * `asResponse` and lazy parsing are part of what callers use: the members it works from are laid over by ones that
 * look on. Nothing is read that the caller does not read; a rejection that nobody handles stays one.
 */
export function followPromise(post: () => unknown, call: Call): unknown {
  const { observation } = call;
  let promise: unknown;
  try {
    promise = observation.within(post);
  } catch (error) {
    endWithError(observation, error);
    throw error;
  }
  if (isApiPromise(promise)) lookOn(promise, createSight(call));
  else observation.end();
  return promise;
}

function isApiPromise(promise: unknown): promise is ApiPromise {
  if (typeof promise !== "object" || promise === null) return false;
  const { responsePromise, parseResponse } = promise as Partial<ApiPromise>;
  return responsePromise instanceof Promise && typeof parseResponse === "function";
}

/** What is seen of one call: headers, then an answer, once, or an error. */
type Sight = {
  readonly headers: () => void;
  readonly parsing: () => void;
  readonly answer: (answer: unknown) => void;
  readonly failed: (error: unknown) => void;
};

function createSight(call: Call): Sight {
  const { observation, isEmbedding, costOf } = call;
  let isSettled = false;
  const once = (part: () => void): void => {
    if (isSettled) return;
    isSettled = true;
    part();
  };
  return {
    headers() {
      if (isSettled) return;
      // Until the body is asked for: `asResponse()` hands it out, and what is done with it is not for us to see.
      observation.update({ statusMessage: "the response was handed out unread" });
      observation.end();
    },
    parsing: () => void (isSettled || observation.reopen()),
    answer: (answer) =>
      once(() => {
        if (isStream(answer)) return followStream(answer, call);
        updateWithCost(observation, costOf, () => (isEmbedding ? describeEmbeddings(answer) : describeAnswer(answer)));
        observation.end();
      }),
    failed: (error) => once(() => endWithError(observation, error)),
  };
}

function lookOn(promise: ApiPromise, sight: Sight): void {
  lookOnResponse(promise, sight);
  const parse = promise.parseResponse;
  promise.parseResponse = async (...args) => {
    sight.parsing();
    try {
      const answer = await parse(...args);
      sight.answer(answer);
      return answer;
    } catch (error) {
      sight.failed(error);
      throw error;
    }
  };
  if (Object.hasOwn(promise, "_thenUnwrap")) lookOnUnwrapping(promise, sight);
}

/** The chain begins when somebody asks for it: begun earlier, its rejection might be nobody's. */
function lookOnResponse(promise: ApiPromise, sight: Sight): void {
  const response = promise.responsePromise;
  let seen: Promise<unknown> | undefined;
  Object.defineProperty(promise, "responsePromise", {
    configurable: true,
    enumerable: true,
    get: () =>
      (seen ??= response.then(
        (props) => {
          sight.headers();
          return props;
        },
        (error: unknown) => {
          sight.failed(error);
          throw error;
        },
      )),
  });
}

/** Since version 7 each promise brings a `_thenUnwrap` of its own, which works from neither of the other members. */
function lookOnUnwrapping(promise: ApiPromise, sight: Sight): void {
  const unwrap = promise._thenUnwrap;
  promise._thenUnwrap = (transform) => {
    const unwrapped = unwrap((answer, ...more) => {
      sight.answer(answer);
      return transform(answer, ...more);
    });
    if (isApiPromise(unwrapped)) lookOn(unwrapped, sight);
    return unwrapped;
  };
}
