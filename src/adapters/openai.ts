// The public path `uptake/openai`: names listed by hand.
export type { CostOf } from "./cost.ts";
export { observeOpenAI, type ObserveOpenAIOptions, type OpenAIClient } from "./openai/observe-openai.ts";
