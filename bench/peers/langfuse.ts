import { LangfuseSpanProcessor } from "@langfuse/otel";
import { observe, setLangfuseTracerProvider, updateActiveObservation } from "@langfuse/tracing";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import type { Arm, Place } from "../tracking/arm.ts";
import { functionName, metadata, model, modelParameters, prompt, textOf, usage } from "../tracking/workload.ts";
import type { Input } from "../tracking/workload.ts";

const usageDetails = { input: usage.prompt_tokens, output: usage.completion_tokens, total: usage.total_tokens };

/** One generation a call, by Langfuse's own wrapper and exporter at their defaults. */
export function createArm({ sinkUrl }: Place): Arm {
  const keys = { publicKey: "pk-lf-bench", secretKey: "sk-lf-bench" };
  const processor = new LangfuseSpanProcessor({ ...keys, baseUrl: sinkUrl });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  setLangfuseTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  const call = observe(
    async (input: Input) => {
      const answer = await model.ask(input);
      const about = { model: answer.model, modelParameters, usageDetails, metadata };
      updateActiveObservation({ ...about, prompt: { ...prompt, isFallback: false } }, { asType: "generation" });
      return textOf(answer);
    },
    { name: functionName, asType: "generation" },
  );
  return { call, flush: () => processor.forceFlush() };
}
