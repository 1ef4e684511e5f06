// The public path `uptake/openai`: names listed by hand.
export type { CostOf } from "../domain/prices.ts";
export { observeOpenAI, type ObserveOpenAIOptions, type OpenAIClient } from "./openai/observe-openai.ts";
