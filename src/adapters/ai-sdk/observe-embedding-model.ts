import type { EmbeddingModelMiddleware } from "ai";
import { updateWithCost } from "../cost.ts";
import { endWithError } from "../ending.ts";
import { openModelCall } from "../model-call.ts";
import { describeEmbeddings } from "./describe.ts";
import type { ObserveModelOptions } from "./observe-language-model.ts";

/**
 * Embedding-model middleware of the AI SDK: every call of the model inside a tracked run becomes an embedding, with its
 * values; the vectors are counted, not kept.
 *
 * @example
 * const model = wrapEmbeddingModel({ model: provider.embeddingModel("text-embedding-3-small"), middleware: observeEmbeddingModel() });
 */
export function observeEmbeddingModel(options: ObserveModelOptions = {}): EmbeddingModelMiddleware {
  return {
    specificationVersion: "v3",
    async wrapEmbed({ doEmbed, params, model }) {
      const observation = openModelCall({ type: "embedding", name: "ai.embed" });
      if (observation === undefined) return doEmbed();
      const { modelId, provider } = model;
      observation.update(() => ({ model: modelId, input: params.values, metadata: { provider } }));
      try {
        const result = await observation.within(doEmbed);
        updateWithCost(observation, options.costUsd, () => describeEmbeddings(result));
        observation.end();
        return result;
      } catch (error) {
        endWithError(observation, error, params.abortSignal);
        throw error;
      }
    },
  };
}
