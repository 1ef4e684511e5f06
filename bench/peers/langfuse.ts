import { LangfuseSpanProcessor } from "@langfuse/otel";
import { observe, setLangfuseTracerProvider, updateActiveObservation } from "@langfuse/tracing";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import type { Arm, Place } from "../tracking/arm.ts";
import { functionName, metadata, model, modelParameters, prompt, textOf, usage } from "../tracking/workload.ts";
import type { Input } from "../tracking/workload.ts";

const usageDetails = { input: usage.prompt_tokens, output: usage.completion_tokens, total: usage.total_tokens };

const generation = { name: functionName, asType: "generation" } as const;

/** One generation a call, by Langfuse's own wrapper and exporter at their defaults. */
export function createArm(place: Place): Arm {
  return { call: observe(generate, generation), flush: setUp(place) };
}

/** Two observations a call, as Uptake records them: an agent, which has the ticket and the answer, and the generation under it. */
export function createAgentArm(place: Place): Arm {
  const flush = setUp(place);
  const ask = observe(generate, generation);
  // The agent's input is the ticket alone, so that the messages are recorded once, as in the other arms.
  const threads = new Map<string, Input>();
  const draft = observe(
    async ({ ticketId }: { ticketId: string }) => {
      const input = threads.get(ticketId);
      threads.delete(ticketId);
      if (input === undefined) throw new Error(`no thread for ${ticketId}`);
      return ask(input);
    },
    { name: functionName, asType: "agent" },
  );
  return {
    call(input) {
      threads.set(input.ticketId, input);
      return draft({ ticketId: input.ticketId });
    },
    flush,
  };
}

function setUp({ sinkUrl }: Place): Arm["flush"] {
  const keys = { publicKey: "pk-lf-bench", secretKey: "sk-lf-bench" };
  const processor = new LangfuseSpanProcessor({ ...keys, baseUrl: sinkUrl });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  setLangfuseTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  return () => processor.forceFlush();
}

async function generate(input: Input): Promise<string> {
  const answer = await model.ask(input);
  const about = { model: answer.model, modelParameters, usageDetails, metadata };
  updateActiveObservation({ ...about, prompt: { ...prompt, isFallback: false } }, { asType: "generation" });
  return textOf(answer);
}
