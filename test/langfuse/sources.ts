import { observationIdOf, traceIdOf } from "../../src/domain/ids.ts";
import type { FeedbackRow } from "../../src/domain/feedback-row.ts";
import type { TraceSource } from "../../src/domain/trace-source.ts";

export const SUGGESTION_ID = "0190f3a2-7c3b-7d10-8a11-5f6c2e9d4b07";
export const TRACE_ID = "0190f3a27c3b7d108a115f6c2e9d4b07";
export const ROOT_ID = observationIdOf(TRACE_ID, 0);
export const RETRIEVER_ID = observationIdOf(TRACE_ID, 1);
export const GENERATION_ID = observationIdOf(TRACE_ID, 2);
export const FEEDBACK_ID = "0190f3a3-1111-7d10-8a11-5f6c2e9d4b07";

/** A run with a retriever and a generation. */
export function aRun(change: Partial<TraceSource> = {}): TraceSource {
  return {
    suggestionId: SUGGESTION_ID,
    projectId: "default",
    traceId: traceIdOf(SUGGESTION_ID),
    functionName: "generate-message-suggestion",
    ticketId: "ticket-7",
    messageId: "message-9",
    systemUserId: "bot-1",
    environment: "Production",
    release: "v42",
    createdAt: new Date("2026-11-20T10:00:00.123Z"),
    latencyMs: 900,
    timeToFirstTokenMs: 327,
    inputTokens: 160,
    outputTokens: 9,
    costUsd: 0.00042,
    status: "completed",
    errorType: null,
    errorMessage: null,
    confidenceScore: 0.83,
    suggestedResponse: "Your refund is on its way.",
    model: "gpt-4.1-mini",
    promptName: "reply",
    promptVersion: "7",
    observationId: GENERATION_ID,
    metadata: { trace_id: TRACE_ID, observation_id: GENERATION_ID, channel: "chat" },
    observations: [
      {
        id: ROOT_ID,
        parentId: null,
        type: "agent",
        name: "generate-message-suggestion",
        startTime: "2026-11-20T10:00:00.123Z",
        endTime: "2026-11-20T10:00:01.023Z",
        input: { ticketId: "ticket-7" },
      },
      {
        id: RETRIEVER_ID,
        parentId: ROOT_ID,
        type: "retriever",
        name: "search-knowledge",
        startTime: "2026-11-20T10:00:00.130Z",
        endTime: "2026-11-20T10:00:00.190Z",
        input: "refund",
        output: [{ id: "kb-1" }],
        metadata: { index: "kb", hits: 1 },
      },
      {
        id: GENERATION_ID,
        parentId: ROOT_ID,
        type: "generation",
        name: "reply",
        startTime: "2026-11-20T10:00:00.200Z",
        endTime: "2026-11-20T10:00:01.000Z",
        input: [{ role: "user", content: "Where is my refund?" }],
        output: "Your refund is on its way.",
        model: "gpt-4.1-mini",
        modelParameters: { temperature: 0.2 },
        usage: { input: 120, input_cached_tokens: 40, output: 9 },
        costUsd: 0.00042,
        completionStartTime: "2026-11-20T10:00:00.450Z",
        prompt: { name: "reply", version: 7 },
      },
    ],
    ...change,
  };
}

/** A revision with everything known. */
export function aRevision(change: Partial<FeedbackRow> = {}): FeedbackRow {
  return {
    id: FEEDBACK_ID,
    suggestionId: SUGGESTION_ID,
    traceId: TRACE_ID,
    observationId: GENERATION_ID,
    rootObservationId: ROOT_ID,
    functionName: "generate-message-suggestion",
    ticketId: "ticket-7",
    messageId: "message-9",
    systemUserId: "bot-1",
    environment: "Production",
    release: "v42",
    promptVersion: "7",
    confidenceScore: 0.83,
    status: "completed",
    type: "revision",
    reason: "too generic",
    otherReasons: [],
    comment: null,
    finalText: "Your refund of €12 is on its way.",
    agentId: "agent-3",
    source: "explicit",
    keptRatio: 0.9,
    timeToFeedbackMs: 61_500,
    createdAt: new Date("2026-11-20T10:01:01.623Z"),
    metadata: {},
    suggestedResponse: "Your refund is on its way.",
    tags: ["vip"],
    ...change,
  };
}
