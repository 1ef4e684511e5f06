import type { OtlpSpan } from "./otlp-types.ts";
import type { ScoreEvent } from "./scores.ts";

/** A span or a score on its way to Langfuse. It is written as JSON once, which also says how much of a request it takes. */
export type Outgoing = {
  readonly kind: "span" | "score";
  /** What Langfuse stores it under. */
  readonly id: string;
  /** What Langfuse's answer calls it when it is refused. */
  readonly eventId: string;
  readonly json: string;
};

export const outgoingSpan = (span: OtlpSpan): Outgoing => ({
  kind: "span",
  id: span.spanId,
  eventId: span.spanId,
  json: JSON.stringify(span),
});

export const outgoingScore = (event: ScoreEvent): Outgoing => ({
  kind: "score",
  id: event.body.id,
  eventId: event.id,
  json: JSON.stringify(event),
});
