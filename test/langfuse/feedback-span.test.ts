import { describe, expect, it } from "vitest";
import { observationIdOf } from "../../src/domain/ids.ts";
import { feedbackToSpan } from "../../src/langfuse/feedback-span.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { attributesOf } from "./attributes.ts";
import { aRevision, aRun, FEEDBACK_ID, ROOT_ID, SUGGESTION_ID, TRACE_ID } from "./sources.ts";

describe("feedbackToSpan", () => {
  it("tells all reasons where there are several, and the comment", () => {
    const span = feedbackToSpan(aRevision({ otherReasons: ["too long"], comment: "Why?" }));
    const metadata = attributesOf(span);
    expect(metadata).toMatchObject({
      "langfuse.observation.metadata.reason": "too generic",
      "langfuse.observation.metadata.reasons": '["too generic","too long"]',
      "langfuse.observation.metadata.comment": "Why?",
    });
  });

  it("makes an event under the root, at the moment of the act, with an id of its own", () => {
    const { attributes: _attributes, ...span } = feedbackToSpan(aRevision());
    expect(span).toEqual({
      traceId: TRACE_ID,
      // printf '0190f3a3-1111-7d10-8a11-5f6c2e9d4b07:human-feedback' | sha256sum
      spanId: "0209f4bd9c31e90c",
      parentSpanId: ROOT_ID,
      name: "human-feedback",
      kind: 1,
      startTimeUnixNano: "1795168861623000000",
      endTimeUnixNano: "1795168861623000000",
      status: { code: 0 },
    });
  });

  it("says what was suggested, what was sent, and why; and of what trace it is, like every span", () => {
    expect(attributesOf(feedbackToSpan(aRevision()))).toEqual({
      "langfuse.observation.type": "event",
      "langfuse.observation.level": "DEFAULT",
      "langfuse.observation.input": "Your refund is on its way.",
      "langfuse.observation.output": "Your refund of €12 is on its way.",
      "langfuse.observation.metadata.type": "revision",
      "langfuse.observation.metadata.reason": "too generic",
      "langfuse.observation.metadata.agentId": "agent-3",
      "langfuse.observation.metadata.source": "explicit",
      "langfuse.observation.metadata.keptRatio": "0.9",
      "langfuse.observation.metadata.feedbackId": FEEDBACK_ID,
      "langfuse.trace.name": "generate-message-suggestion",
      "langfuse.trace.tags": { values: [{ stringValue: "generate-message-suggestion" }, { stringValue: "vip" }] },
      "session.id": "ticket-7",
      "user.id": "bot-1",
      "langfuse.environment": "production",
      "langfuse.release": "v42",
      "langfuse.version": "7",
      "langfuse.trace.metadata.suggestionId": SUGGESTION_ID,
      "langfuse.trace.metadata.ticketId": "ticket-7",
      "langfuse.trace.metadata.messageId": "message-9",
      "langfuse.trace.metadata.confidence": "0.83",
      "langfuse.trace.metadata.status": "completed",
    });
  });

  it("carries the same of its trace as the trace's own spans do", () => {
    const ofTrace = (attributes: Record<string, unknown>) =>
      Object.entries(attributes).filter(
        ([key]) => !key.startsWith("langfuse.observation.") && key !== "langfuse.internal.is_app_root",
      );
    const [root] = traceToSpans(aRun({ metadata: { tags: ["vip"] } })).map(attributesOf);
    expect(ofTrace(attributesOf(feedbackToSpan(aRevision())))).toEqual(ofTrace(root ?? {}));
  });

  it("sends nothing in place of what is unknown", () => {
    const bare = { reason: null, finalText: null, agentId: null, keptRatio: null, suggestedResponse: " " } as const;
    const unknown = { ticketId: null, systemUserId: null, release: null, promptVersion: null, tags: "vip" };
    const attributes = attributesOf(feedbackToSpan(aRevision({ type: "approval", ...bare, ...unknown })));
    expect(Object.keys(attributes).sort()).toEqual([
      "langfuse.environment",
      "langfuse.observation.level",
      "langfuse.observation.metadata.feedbackId",
      "langfuse.observation.metadata.source",
      "langfuse.observation.metadata.type",
      "langfuse.observation.type",
      "langfuse.trace.metadata.confidence",
      "langfuse.trace.metadata.messageId",
      "langfuse.trace.metadata.status",
      "langfuse.trace.metadata.suggestionId",
      "langfuse.trace.name",
      "langfuse.trace.tags",
    ]);
    expect(attributes["langfuse.trace.tags"]).toEqual({ values: [{ stringValue: "generate-message-suggestion" }] });
  });

  it("stands under the root of a row that nobody recorded", () => {
    expect(feedbackToSpan(aRevision({ rootObservationId: null })).parentSpanId).toBe(observationIdOf(TRACE_ID, 0));
    expect(feedbackToSpan(aRevision({ rootObservationId: "00000000000000aa" })).parentSpanId).toBe("00000000000000aa");
  });

  it("gives the same bytes for the same row, and replaces NUL and half characters", () => {
    expect(JSON.stringify(feedbackToSpan(aRevision()))).toBe(JSON.stringify(feedbackToSpan(aRevision())));
    const span = attributesOf(feedbackToSpan(aRevision({ finalText: "a\0b\uDC00" })));
    expect(span["langfuse.observation.output"]).toBe("a\uFFFDb\uFFFD");
  });
});
