// The shapes of OpenTelemetry that the processor needs, of its versions 1 and 2, so that no package of it is loaded.

/** Seconds and nanoseconds since the epoch. */
export type HrTime = readonly [number, number];

export type Attributes = Readonly<Record<string, unknown>>;

export type SpanEvent = { readonly name: string; readonly time: HrTime; readonly attributes?: Attributes | undefined };

export type OtelSpan = {
  readonly name: string;
  spanContext(): { readonly spanId: string };
  /** Version 2; version 1 has `parentSpanId`. */
  readonly parentSpanContext?: { readonly spanId: string } | undefined;
  readonly parentSpanId?: string | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly instrumentationScope?: { readonly name: string } | undefined;
};

export type OtelContext = { getValue(key: symbol): unknown };

/** `SpanStatusCode.ERROR` of @opentelemetry/api. */
export const STATUS_ERROR = 2;

/** The key under which a context holds its span: `createContextKey` of @opentelemetry/api, which is `Symbol.for`. */
export const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

export const msOf = ([seconds, nanoseconds]: HrTime): number => seconds * 1_000 + nanoseconds / 1_000_000;
