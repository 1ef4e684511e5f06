// The public path `uptake/ai-sdk`: names listed by hand.
export type { CostOf } from "../domain/prices.ts";
export { observeEmbeddingModel } from "./ai-sdk/observe-embedding-model.ts";
export { observeLanguageModel, type ObserveModelOptions } from "./ai-sdk/observe-language-model.ts";
