import { updateWithCost } from "../cost.ts";
import { describeAnswer, describeEmbeddings } from "./answer.ts";
import type { Call } from "./call.ts";
import { endWithError } from "../ending.ts";
import { followStream, isStream } from "./follow-stream.ts";

/** What the client's promise is made of (openai/src/core/api-promise.ts); private there, and the same since version 4. */
type ApiPromise = {
  responsePromise: Promise<unknown>;
  parseResponse: (...args: unknown[]) => Promise<unknown>;
};

/**
 * Makes the call and follows the APIPromise that comes back. The promise itself is returned, since its `withResponse`,
 * `asResponse` and lazy parsing are part of what callers use: the two members it works from are laid over by ones that
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
  if (isApiPromise(promise)) lookOn(promise, call);
  else observation.end();
  return promise;
}

function isApiPromise(promise: unknown): promise is ApiPromise {
  if (typeof promise !== "object" || promise === null) return false;
  const { responsePromise, parseResponse } = promise as Partial<ApiPromise>;
  return responsePromise instanceof Promise && typeof parseResponse === "function";
}

function lookOn(promise: ApiPromise, call: Call): void {
  const { observation } = call;
  const parse = promise.parseResponse;
  promise.responsePromise = promise.responsePromise.then(
    (props) => {
      // Until the body is asked for: `asResponse()` hands it out, and what is done with it is not for us to see.
      observation.update({ statusMessage: "the response was handed out unread" });
      observation.end();
      return props;
    },
    (error: unknown) => {
      endWithError(observation, error);
      throw error;
    },
  );
  promise.parseResponse = async (...args) => {
    observation.reopen();
    try {
      const answer = await parse(...args);
      take(answer, call);
      return answer;
    } catch (error) {
      endWithError(observation, error);
      throw error;
    }
  };
}

function take(answer: unknown, call: Call): void {
  if (isStream(answer)) return followStream(answer, call);
  const { observation, isEmbedding, costOf } = call;
  updateWithCost(observation, costOf, () => (isEmbedding ? describeEmbeddings(answer) : describeAnswer(answer)));
  observation.end();
}
