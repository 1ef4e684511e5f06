import { context, type Span } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { Arm } from "../tracking/arm.ts";
import { functionName, metadata, model, modelName, modelParameters, prompt, textOf } from "../tracking/workload.ts";
import type { Answer, Input } from "../tracking/workload.ts";

/** OpenTelemetry with nothing on top: one span a call, the payload in attributes, the batch processor at its defaults. */
export function createRawOtelArm(exporter: SpanExporter): Arm {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const tracer = provider.getTracer("bench");
  return {
    call: (input) =>
      tracer.startActiveSpan(functionName, async (span) => {
        const answer = await model.ask(input);
        describe(span, input, answer);
        span.end();
        return textOf(answer);
      }),
    flush: () => provider.forceFlush(),
  };
}

function describe(span: Span, input: Input, answer: Answer): void {
  span.setAttributes({
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": modelName,
    "gen_ai.request.temperature": modelParameters.temperature,
    "gen_ai.request.max_tokens": modelParameters.max_tokens,
    "gen_ai.request.top_p": modelParameters.top_p,
    "gen_ai.response.model": answer.model,
    "gen_ai.usage.input_tokens": answer.usage.prompt_tokens,
    "gen_ai.usage.output_tokens": answer.usage.completion_tokens,
    "gen_ai.input.messages": JSON.stringify(input.messages),
    "gen_ai.output.messages": JSON.stringify(answer.choices),
    "app.ticket_id": input.ticketId,
    "app.prompt": JSON.stringify(prompt),
    "app.metadata": JSON.stringify(metadata),
  });
}
