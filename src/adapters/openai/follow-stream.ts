import { updateWithCost } from "../cost.ts";
import type { Call } from "./call.ts";
import { endAbandoned, endAborted, endWithError } from "../ending.ts";
import { createStreamedAnswer } from "./streamed-answer.ts";

type Step = IteratorResult<unknown, unknown>;
type Steps = AsyncIterator<unknown, unknown, unknown>;

/** What every reader of OpenAI's Stream goes through: `for await`, `tee` and `toReadableStream` all open `iterator`. */
type Stream = { iterator: () => Steps; readonly controller: AbortController };

export function isStream(value: unknown): value is Stream {
  if (typeof value !== "object" || value === null) return false;
  const { iterator, controller } = value as Partial<Stream>;
  return typeof iterator === "function" && controller instanceof AbortController;
}

/**
 * Looks on as the stream is read. The stream stays the very object, and so does the iterator that its reader gets;
 * no chunk is taken before the reader takes it, and none is kept beyond what the answer is made of.
 */
export function followStream(stream: Stream, call: Call): void {
  const open = stream.iterator;
  let opened = false;
  stream.iterator = () => {
    const steps = open();
    // A second reader gets an error or nothing, which says nothing about the answer.
    if (opened) return steps;
    opened = true;
    return lookOn(steps, watch(call, stream.controller.signal));
  };
}

type Watch = {
  readonly took: (step: Step) => void;
  readonly left: () => void;
  readonly failed: (error: unknown) => void;
};

function watch({ observation, costOf }: Call, signal: AbortSignal): Watch {
  const answer = createStreamedAnswer();
  let over = false;
  const once = (end: () => void): void => {
    if (over) return;
    over = true;
    updateWithCost(observation, costOf, answer.describe);
    end();
  };
  return {
    took(step) {
      if (step.done !== true) {
        if (!over && answer.add(step.value)) observation.firstToken();
        return;
      }
      // An aborted stream just ends; one that was read to its end is never aborted by the client.
      once(() => (signal.aborted ? endAborted(observation) : observation.end()));
    },
    left: () => once(() => endAbandoned(observation)),
    failed: (error) => once(() => endWithError(observation, error)),
  };
}

function lookOn(steps: Steps, watch: Watch): Steps {
  const next = steps.next.bind(steps);
  const close = steps.return?.bind(steps);
  const members = {
    next: (...args: [] | [unknown]) =>
      next(...args).then(
        (step) => {
          watch.took(step);
          return step;
        },
        (error: unknown) => {
          watch.failed(error);
          throw error;
        },
      ),
    ...(close && {
      return: (...args: [] | [unknown]) => {
        watch.left();
        return close(...args);
      },
    }),
  };
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(steps, name, { value, configurable: true, writable: true, enumerable: false });
  }
  return steps;
}
