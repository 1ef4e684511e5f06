import { newId, observationIdOf, traceIdOf } from "../../src/domain/ids.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import type { Database } from "../../src/store/database.ts";
import { insertFeedback, type FeedbackEventRow } from "../../src/store/queries/insert-feedback.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";

/** What one suggestion is known by. */
export type Made = {
  readonly id: string;
  readonly traceId: string;
  readonly generationId: string;
  readonly spanIds: readonly string[];
};

const STARTED_MS = Date.parse("2026-03-01T09:00:00.000Z");

const at = (ms: number): string => new Date(ms).toISOString();

/** A finished run as the tracker records it: root, a retriever, a generation. */
export function sampleRecord(index: number): SuggestionRecord {
  const id = newId();
  const traceId = traceIdOf(id);
  const startMs = STARTED_MS + index * 1000;
  const [rootId, retrieverId, generationId] = [0, 1, 2].map((i) => observationIdOf(traceId, i)) as [
    string,
    string,
    string,
  ];
  const prompt = { name: "reply", version: 7 };
  const observations: Observation[] = [
    {
      id: rootId,
      parentId: null,
      type: "agent",
      name: "generate-message-suggestion",
      startTime: at(startMs),
      endTime: at(startMs + 800),
      input: { ticketId: `T-${index}` },
      output: `Reply ${index}`,
    },
    {
      id: retrieverId,
      parentId: rootId,
      type: "retriever",
      name: "search-knowledge",
      startTime: at(startMs + 5),
      endTime: at(startMs + 40),
      input: "refund",
      output: [{ id: "kb-1", score: 0.8 }],
    },
    {
      id: generationId,
      parentId: rootId,
      type: "generation",
      name: "draft",
      startTime: at(startMs + 50),
      endTime: at(startMs + 790),
      input: [{ role: "user", content: `Where is order ${index}?` }],
      output: `Reply ${index}`,
      model: "gpt-4.1-mini",
      usage: { input: 120 + index, output: 30 },
      costUsd: 0.0004,
      prompt,
    },
  ];
  return {
    id,
    projectId: "default",
    functionName: "generate-message-suggestion",
    ticketId: `T-${index}`,
    messageId: null,
    systemUserId: null,
    suggestedResponse: `Reply ${index}`,
    confidenceScore: 0.9,
    status: "completed",
    createdAt: at(startMs),
    environment: "test",
    release: null,
    model: "gpt-4.1-mini",
    promptName: prompt.name,
    promptVersion: String(prompt.version),
    traceId,
    observationId: generationId,
    latencyMs: 800,
    timeToFirstTokenMs: null,
    inputTokens: 120 + index,
    outputTokens: 30,
    costUsd: 0.0004,
    errorType: null,
    errorMessage: null,
    metadataJson: JSON.stringify({ trace_id: traceId, observation_id: generationId }),
    observationsJson: JSON.stringify(observations),
  };
}

/** Inserts so many suggestions, in one statement. */
export async function insertSamples(db: Database, count: number, from = 0): Promise<Made[]> {
  const records = Array.from({ length: count }, (_, i) => sampleRecord(from + i));
  await insertSuggestions(db, records.map(rowOf));
  return records.map(({ id, traceId, observationId }) => ({
    id,
    traceId,
    generationId: observationId,
    spanIds: [0, 1, 2].map((i) => observationIdOf(traceId, i)),
  }));
}

const TYPES = ["approval", "revision", "rejection"] as const;

export function feedbackOn(suggestionId: string, index = 0): FeedbackEventRow {
  const type = TYPES[index % 3] ?? "approval";
  return {
    id: newId(),
    suggestionId,
    projectId: "default",
    type,
    source: "explicit",
    reasons: type === "approval" ? [] : ["too generic"],
    comment: null,
    finalText: type === "rejection" ? null : `Final ${index}`,
    agentId: "agent-1",
    keptRatio: type === "revision" ? 0.7 : null,
    editDistance: null,
    compressionDistance: null,
    idempotencyKey: null,
    createdAt: at(STARTED_MS + 3_600_000 + index),
    metadata: {},
  };
}

/** Inserts one feedback event on each suggestion, the three types in turn. */
export async function insertFeedbackOn(db: Database, suggestionIds: readonly string[]): Promise<FeedbackEventRow[]> {
  const rows = suggestionIds.map((id, index) => feedbackOn(id, index));
  await insertFeedback(db, rows);
  return rows;
}
