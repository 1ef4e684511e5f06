/** The part of OTLP/JSON (opentelemetry-proto v1, JSON mapping) that Langfuse reads. */
export type OtlpValue =
  | { readonly stringValue: string }
  | { readonly intValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly OtlpValue[] } };

export type OtlpAttribute = { readonly key: string; readonly value: OtlpValue };

/** One span; ids are hex, times nanoseconds since 1970 as decimal strings. */
export type OtlpSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: 1;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly status: { readonly code: 0 | 2; readonly message?: string };
};

/** The body of one export: every span under one resource and one scope. */
export type OtlpExportRequest = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
};
