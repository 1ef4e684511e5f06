import type { Privacy } from "../domain/privacy.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import { traceToSpans } from "../langfuse/otlp.ts";
import { outgoingSpan } from "../langfuse/outgoing.ts";
import type { Queryable } from "../store/database.ts";
import { type Channel, loadEach } from "./delivery.ts";
import { leavingTraces } from "./leaving-rows.ts";

const MAX_SPANS = 2000;

/** Suggestions become the spans of their traces. */
export function createTraceChannel(db: Queryable, langfuse: LangfuseClient, privacy: Privacy): Channel {
  return {
    kind: "trace",
    maxItems: MAX_SPANS,
    async load(messages) {
      const rows = await leavingTraces(
        db,
        messages.map((message) => message.ref),
        privacy,
      );
      return loadEach(messages, new Map(rows.map((row) => [row.suggestionId, row])), {
        isEarly: () => false,
        toDelivery(message, row, note) {
          const spans = traceToSpans(row, note);
          return {
            message,
            traceId: spans[0]?.traceId ?? row.traceId,
            langfuseIds: spans.map((span) => span.spanId),
            items: spans.map(outgoingSpan),
          };
        },
      });
    },
    find: (traceId) => langfuse.findObservations(traceId),
    routes: [{ takes: "span", send: (spans, maySend) => langfuse.sendSpans(spans, maySend) }],
  };
}
