// The public path `uptake/otel`: names listed by hand.
export { createSpanProcessor, type UptakeSpanProcessor, type SpanProcessorOptions } from "./otel/span-processor.ts";
