import { currentPlace, openByHand } from "../../track/by-hand.ts";
import type { HandMade, HandMadeUpdate } from "../../track/by-hand.ts";
import type { OpenObservation, Place } from "../../track/run.ts";
import { createNesting } from "./nesting.ts";
import type { Nesting } from "./nesting.ts";
import { msOf, SPAN_KEY } from "./otel-types.ts";
import type { Attributes, OtelContext, OtelSpan } from "./otel-types.ts";
import { readPropagated } from "./propagated.ts";
import type { Propagated } from "./propagated.ts";
import { readSpan } from "./read-span.ts";
import type { SpanFacts } from "./read-span.ts";

export type SpanProcessorOptions = {
  /**
   * OpenTelemetry's active span: `() => trace.getActiveSpan()`. With it, what `run.observe`, `run.generate` and the other
   * adapters record inside of a span stands under that span; without it, beside.
   */
  readonly activeSpan?: (() => object | undefined) | undefined;
};

/** A `SpanProcessor` of OpenTelemetry's SDK, versions 1 and 2. */
export type UptakeSpanProcessor = {
  onStart(span: OtelSpan, parentContext: OtelContext): void;
  onEnd(span: OtelSpan): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
  /** Spans of runs that were over when the span began or ended: what they would have said is not recorded. */
  lateSpanCount(): number;
};

type OpenSpan = {
  readonly observation: HandMade;
  readonly place: Place;
  readonly nesting: Nesting;
  readonly prompt: Propagated["prompt"];
};

/**
 * Takes the spans that any OpenTelemetry instrumentation makes inside a tracked run into the suggestion's trace, as
 * observations: the conventions of gen_ai, OpenInference, Langfuse and the AI SDK are understood, anything else is a span
 * with its attributes. Spans outside of tracked runs are left alone. Nothing is held after a span or its run has ended,
 * and nothing here throws into the application.
 *
 * @example
 * new NodeSDK({ spanProcessors: [createSpanProcessor({ activeSpan: () => trace.getActiveSpan() })] }).start();
 */
export function createSpanProcessor(options: SpanProcessorOptions = {}): UptakeSpanProcessor {
  const openSpans = new WeakMap<object, OpenSpan>();
  const nestings = new WeakMap<object, Nesting>();
  let lateCount = 0;

  function late(place: Place): void {
    lateCount++;
    place.troubles.misused("a span began or ended after its run had ended; it is not recorded");
  }

  function nestingOf({ run }: Place): Nesting {
    let nesting = nestings.get(run);
    if (nesting !== undefined) return nesting;
    nesting = createNesting(run);
    nestings.set(run, nesting);
    if (options.activeSpan !== undefined) run.deeper = (at) => standingIn(at, run);
    return nesting;
  }

  /** The active span's observation, where that is further inside than `at`. */
  function standingIn(at: OpenObservation, run: object): OpenObservation {
    const active = attempt(() => options.activeSpan?.());
    const open = active && openSpans.get(active);
    if (open === undefined || open.place.run !== run) return at;
    return open.nesting.innermost(at, open.observation.observation);
  }

  function start(span: OtelSpan, parentContext: OtelContext): void {
    const parentSpan = parentContext.getValue(SPAN_KEY);
    const parent = isObject(parentSpan) ? openSpans.get(parentSpan) : undefined;
    const place = currentPlace() ?? parent?.place;
    if (place === undefined) return;
    if (place.run.over) return late(place);
    const nesting = nestingOf(place);
    const parentId = span.parentSpanContext?.spanId ?? span.parentSpanId;
    const outer = nesting.ofSpan(parentId);
    const observation = openByHand(place, {
      type: "span",
      name: span.name,
      startMs: msOf(span.startTime),
      parent: outer === undefined ? undefined : nesting.innermost(place.at, outer),
    });
    if (observation === undefined) return;
    nesting.add(span.spanContext().spanId, observation.observation);
    const { traceMetadata, prompt } = readPropagated(parentContext);
    tellRun({ place, nesting }, traceMetadata);
    openSpans.set(span, { observation, place, nesting, prompt });
  }

  function end(span: OtelSpan): void {
    const open = openSpans.get(span);
    if (open === undefined) return;
    if (open.place.run.over) return late(open.place);
    const facts = attempt(() => readSpan(span));
    if (facts === undefined) open.observation.end({ atMs: msOf(span.endTime) });
    else finish(open, facts);
  }

  return {
    onStart: (span, parentContext) => attempt(() => start(span, parentContext)),
    onEnd: (span) => attempt(() => end(span)),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
    lateSpanCount: () => lateCount,
  };
}

function finish(open: OpenSpan, facts: SpanFacts): void {
  const { observation, nesting, prompt } = open;
  const { update, traceMetadata, firstTokenMs, endMs, failure } = facts;
  // Instrumentations report the tokens of one call on several spans; the innermost model call counts.
  const counts = update.type === "generation" || update.type === "embedding";
  const isModelCall = counts && !nesting.meetsGeneration(observation.observation);
  observation.update(isModelCall ? { ...update, prompt: update.prompt ?? prompt } : withoutTokens(update));
  if (counts && !isModelCall) observation.update({ type: "span" });
  if (firstTokenMs !== undefined && isModelCall) observation.firstToken(firstTokenMs);
  observation.end({ atMs: endMs, ...(failure === undefined ? {} : { error: failure }) });
  tellRun(open, traceMetadata);
}

const withoutTokens = (update: HandMadeUpdate): HandMadeUpdate => ({
  ...update,
  usage: undefined,
  costUsd: undefined,
});

/** What is said of the trace is the suggestion's metadata; instrumentations repeat it on every span. */
function tellRun({ place, nesting }: Pick<OpenSpan, "place" | "nesting">, traceMetadata: Attributes): void {
  for (const [name, value] of Object.entries(traceMetadata)) {
    if (nesting.isNews(name)) place.api.annotate({ [name]: value });
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** OpenTelemetry hands on what a processor throws to whoever started or ended the span. */
function attempt<T>(part: () => T): T | undefined {
  try {
    return part();
  } catch {
    return undefined;
  }
}
