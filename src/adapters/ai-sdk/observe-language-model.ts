import type { LanguageModelMiddleware } from "ai";
import type { CostOf } from "../../domain/prices.ts";
import type { HandMade } from "../../track/by-hand.ts";
import { followReadable } from "../../track/readable-stream.ts";
import { updateWithCost } from "../cost.ts";
import { endAbandoned, endAborted, endWithError } from "../ending.ts";
import { openModelCall } from "../model-call.ts";
import { describeParams, describeResult } from "./describe.ts";
import type { ModelFacts } from "./describe.ts";
import { createStreamedContent } from "./streamed-content.ts";

export type ObserveModelOptions = {
  /** Your price list for this client. Where it does not know a price, the one of `createUptake` does, or nobody (docs/costs.md). */
  readonly costUsd?: CostOf | undefined;
};

type WrapStream = NonNullable<LanguageModelMiddleware["wrapStream"]>;
type StreamResult = Awaited<ReturnType<WrapStream>>;

/**
 * Language-model middleware of the AI SDK: every call of the model inside a tracked run becomes a generation; outside
 * nothing is recorded. `generateText` with tools calls the model once a step, and each is a generation of its own.
 * Parameters, results and streams are handed on as they are.
 *
 * @example
 * const model = wrapLanguageModel({ model: provider("gpt-4.1-mini"), middleware: observeLanguageModel() });
 * const draftReply = uptake.track("draft-reply", async (input: { question: string }, run) => {
 *   const { text } = await generateText({ model, prompt: input.question });
 *   return run.suggest(text);
 * });
 */
export function observeLanguageModel(options: ObserveModelOptions = {}): LanguageModelMiddleware {
  return {
    specificationVersion: "v3",
    async wrapGenerate({ doGenerate, params, model }) {
      const observation = openGeneration("ai.generate", params, model);
      if (observation === undefined) return doGenerate();
      try {
        const result = await observation.within(doGenerate);
        updateWithCost(observation, options.costUsd, () => describeResult(result));
        observation.end();
        return result;
      } catch (error) {
        endWithError(observation, error, params.abortSignal);
        throw error;
      }
    },
    async wrapStream({ doStream, params, model }) {
      const observation = openGeneration("ai.stream", params, model);
      if (observation === undefined) return doStream();
      try {
        const result = await observation.within(doStream);
        return followStream(result, { observation, costOf: options.costUsd, signal: params.abortSignal });
      } catch (error) {
        endWithError(observation, error, params.abortSignal);
        throw error;
      }
    },
  };
}

function openGeneration(name: string, params: object, model: ModelFacts): HandMade | undefined {
  const observation = openModelCall({ type: "generation", name });
  observation?.update(() => describeParams(params, model));
  return observation;
}

type Streaming = {
  readonly observation: HandMade;
  readonly costOf: CostOf | undefined;
  readonly signal: AbortSignal | undefined;
};

/** The same result with a stream that reads from the model's only when it is read itself. */
function followStream(result: StreamResult, { observation, costOf, signal }: Streaming): StreamResult {
  const content = createStreamedContent();
  let over = false;
  const once = (end: () => void): undefined => {
    if (over) return;
    over = true;
    updateWithCost(observation, costOf, content.describe);
    end();
  };
  const stream = followReadable(result.stream, {
    follower: { within: (part) => part(), firstChunk: () => {}, ended: () => undefined },
    chunk(part) {
      if (content.add(part)) observation.firstToken();
    },
    done: () =>
      once(() => {
        if (content.failure === undefined) observation.end();
        else endWithError(observation, content.failure.error, signal);
      }),
    // Version 7 of the AI SDK cancels the stream where version 6 lets it fail.
    abandoned: () => once(() => (signal?.aborted === true ? endAborted(observation) : endAbandoned(observation))),
    failed: (error) => once(() => endWithError(observation, error, signal)),
  });
  // What comes out is what went in.
  return { ...result, stream: stream as StreamResult["stream"] };
}
