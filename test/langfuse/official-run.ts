import { LangfuseSpanProcessor } from "@langfuse/otel";
import { propagateAttributes, setLangfuseTracerProvider, startObservation } from "@langfuse/tracing";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { BasicTracerProvider, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { observationIdOf } from "../../src/domain/ids.ts";
import type { OtlpExportRequest } from "../../src/langfuse/otlp-types.ts";
import type { Step, Story } from "./story.ts";

/** The story told through Langfuse's own SDK: what its own processor hands to an exporter, as OTLP/JSON. */
export async function tellOfficially(story: Story, traceId: string): Promise<OtlpExportRequest> {
  const spans: ReadableSpan[] = [];
  const exporter: SpanExporter = {
    export(some, done) {
      spans.push(...some);
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  };
  const processor = new LangfuseSpanProcessor({
    exporter,
    exportMode: "immediate",
    mediaUploadEnabled: false,
    environment: story.environment,
    release: story.release,
  });
  let index = 0;
  const idGenerator = { generateTraceId: () => traceId, generateSpanId: () => observationIdOf(traceId, index++) };
  const provider = new BasicTracerProvider({ spanProcessors: [processor], idGenerator });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  setLangfuseTracerProvider(provider);
  try {
    const { userId, sessionId, traceName, tags, metadata, version } = story;
    propagateAttributes({ userId, sessionId, traceName, tags: [...tags], metadata, version }, () => tell(story.root));
    await processor.forceFlush();
    await provider.shutdown();
  } finally {
    setLangfuseTracerProvider(null);
    context.disable();
  }
  const bytes = JsonTraceSerializer.serializeRequest(spans);
  return JSON.parse(Buffer.from(bytes ?? []).toString("utf8")) as OtlpExportRequest;
}

/** An observation of the SDK's takes all it says at its start, since an event is over with that. */
function tell(step: Step): void {
  const observation = startObservation(
    step.name,
    {
      input: step.input,
      output: step.output,
      metadata: step.metadata,
      level: step.throws === undefined ? step.level : "ERROR",
      statusMessage: step.throws ?? step.statusMessage,
      model: step.model,
      modelParameters: step.modelParameters,
      usageDetails: step.usage,
      costDetails: step.costUsd === undefined ? undefined : { total: step.costUsd },
      completionStartTime: step.firstTokenMs === undefined ? undefined : new Date(step.firstTokenMs),
      prompt: step.prompt && { ...step.prompt, isFallback: false },
    } as object,
    { asType: step.type as "span", startTime: new Date(step.startMs) },
  );
  context.with(trace.setSpan(context.active(), observation.otelSpan), () => {
    for (const inner of step.steps ?? []) tell(inner);
  });
  observation.end(new Date(step.endMs));
}
