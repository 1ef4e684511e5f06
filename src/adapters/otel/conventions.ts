// Attribute names of the conventions that are understood, by what they say; the first that a span has wins:
// Langfuse's SDK, OpenTelemetry's gen_ai (today's names, then older ones), the AI SDK, OpenInference, OpenLLMetry.
import type { ObservationType } from "../../domain/observation.ts";

export const INPUT = [
  "langfuse.observation.input",
  "gen_ai.input.messages",
  "gen_ai.tool.call.arguments",
  "ai.prompt.messages",
  "ai.prompt",
  "ai.toolCall.args",
  "ai.values",
  "ai.value",
  "input.value",
  "gen_ai.prompt",
  "traceloop.entity.input",
];
export const OUTPUT = [
  "langfuse.observation.output",
  "gen_ai.output.messages",
  "gen_ai.tool.call.result",
  "ai.response.text",
  "ai.response.object",
  "ai.response.toolCalls",
  "ai.toolCall.result",
  "output.value",
  "gen_ai.completion",
  "traceloop.entity.output",
];
/** Lists whose items are spread over attributes: `llm.input_messages.0.message.role`. */
export const INPUT_LISTS = ["llm.input_messages", "gen_ai.prompt"];
export const OUTPUT_LISTS = ["llm.output_messages", "retrieval.documents", "gen_ai.completion"];

export const MODEL = [
  "langfuse.observation.model.name",
  "gen_ai.response.model",
  "ai.response.model",
  "llm.model_name",
  "embedding.model_name",
  "gen_ai.request.model",
  "ai.model.id",
];
export const PARAMETERS = ["langfuse.observation.model.parameters", "llm.invocation_parameters"];
export const PARAMETER_PREFIX = "gen_ai.request.";

export const INPUT_TOKENS = [
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.prompt_tokens",
  "ai.usage.inputTokens",
  "ai.usage.promptTokens",
  "ai.usage.tokens",
  "llm.token_count.prompt",
];
export const OUTPUT_TOKENS = [
  "gen_ai.usage.output_tokens",
  "gen_ai.usage.completion_tokens",
  "ai.usage.outputTokens",
  "ai.usage.completionTokens",
  "llm.token_count.completion",
];
export const CACHE_READ_TOKENS = [
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.cache_read_input_tokens",
  "ai.usage.cachedInputTokens",
  "ai.usage.inputTokenDetails.cacheReadTokens",
  "llm.token_count.prompt_details.cache_read",
];
export const CACHE_WRITE_TOKENS = [
  "gen_ai.usage.cache_creation.input_tokens",
  "gen_ai.usage.cache_creation_input_tokens",
  "ai.usage.inputTokenDetails.cacheWriteTokens",
  "llm.token_count.prompt_details.cache_write",
];
export const REASONING_TOKENS = [
  "gen_ai.usage.reasoning.output_tokens",
  "gen_ai.usage.reasoning_tokens",
  "ai.usage.reasoningTokens",
  "ai.usage.outputTokenDetails.reasoningTokens",
  "llm.token_count.completion_details.reasoning",
];
export const COST = ["gen_ai.usage.cost", "llm.cost.total"];
export const FINISH_REASON = ["gen_ai.response.finish_reasons", "ai.response.finishReason", "llm.finish_reason"];

type Types = Readonly<Record<string, ObservationType>>;

/** What a span is, by one attribute: the first table that has its value. */
export const TYPE_TABLES: readonly (readonly [attribute: string, types: Types])[] = [
  [
    "openinference.span.kind",
    {
      LLM: "generation",
      EMBEDDING: "embedding",
      RETRIEVER: "retriever",
      RERANKER: "retriever",
      TOOL: "tool",
      AGENT: "agent",
      CHAIN: "chain",
      GUARDRAIL: "guardrail",
      EVALUATOR: "evaluator",
    },
  ],
  [
    "gen_ai.operation.name",
    {
      chat: "generation",
      text_completion: "generation",
      generate_content: "generation",
      embeddings: "embedding",
      execute_tool: "tool",
      retrieval: "retriever",
      create_agent: "agent",
      invoke_agent: "agent",
      invoke_workflow: "chain",
    },
  ],
  [
    "ai.operationId",
    {
      "ai.generateText.doGenerate": "generation",
      "ai.streamText.doStream": "generation",
      "ai.generateObject.doGenerate": "generation",
      "ai.streamObject.doStream": "generation",
      "ai.embed.doEmbed": "embedding",
      "ai.embedMany.doEmbed": "embedding",
      "ai.toolCall": "tool",
      "ai.generateText": "span",
      "ai.streamText": "span",
      "ai.generateObject": "span",
      "ai.streamObject": "span",
      "ai.embed": "span",
      "ai.embedMany": "span",
    },
  ],
  ["traceloop.span.kind", { workflow: "chain", task: "span", agent: "agent", tool: "tool" }],
  ["llm.request.type", { chat: "generation", completion: "generation", embedding: "embedding" }],
];
