import type { OtlpSpan } from "../../src/langfuse/otlp-types.ts";

/** The attributes of a span as plain data. */
export function attributesOf(span: OtlpSpan | undefined): Record<string, unknown> {
  return Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));
}
