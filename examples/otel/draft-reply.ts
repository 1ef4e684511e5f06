// An application that is instrumented with OpenTelemetry already, here by Langfuse's own SDK and by hand. Its spans go
// into the suggestion's trace:
//
//   npx tsx examples/otel/draft-reply.ts
//
import { observe, setLangfuseTracerProvider, startObservation } from "@langfuse/tracing";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { createUptake } from "uptake";
import { createSpanProcessor } from "uptake/otel";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const spans = createSpanProcessor({ activeSpan: () => trace.getActiveSpan() });
const provider = new BasicTracerProvider({ spanProcessors: [spans] }); // with NodeSDK: new NodeSDK({ spanProcessors: [spans] })
setLangfuseTracerProvider(provider);
const tracer = provider.getTracer("draft-reply");
const uptake = createUptake();
await uptake.start();

const search = observe(async (question: string) => [`Articles on ${question}`], {
  name: "search",
  asType: "retriever",
});

const draftReply = uptake.track("draft-reply", (input: { question: string }, run) =>
  tracer.startActiveSpan("prepare", async (span) => {
    const articles = await search(input.question);
    const generation = startObservation("reply", { model: "gpt-4.1-mini", input: articles }, { asType: "generation" });
    generation.update({ output: "Five working days.", usageDetails: { input: 24, output: 7 } }).end();
    span.end();
    return run.suggest("Five working days.");
  }),
);

const { text } = await draftReply({ question: "refunds" });
console.log(`suggested: ${text}`);

const range = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
const [row] = await uptake.readMetrics({ ...range, bucket: "total", by: ["model"] });
console.log(`${row?.dimensions.model}: ${row?.inputTokens} tokens in, ${row?.outputTokens} out`);
console.log(`spans too late: ${spans.lateSpanCount()}`);
await uptake.close();
