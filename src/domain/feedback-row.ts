import type { FeedbackSource, FeedbackType } from "./feedback.ts";

/** What the mirror reads of one feedback event to make Langfuse scores of it. */
export type FeedbackRow = {
  readonly id: string;
  readonly suggestionId: string;
  readonly traceId: string;
  /** The observation that the scores attach to; null on a host's own row, whose trace has it at index 1. */
  readonly observationId: string | null;
  readonly environment: string | null;
  readonly type: FeedbackType;
  readonly reason: string | null;
  readonly finalText: string | null;
  /** The human support agent. */
  readonly agentId: string | null;
  readonly source: FeedbackSource;
  /** 0–1, null when unknown. */
  readonly keptRatio: number | null;
  readonly timeToFeedbackMs: number | null;
  readonly createdAt: Date;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What was suggested; null while the suggestion itself has not arrived. */
  readonly suggestedResponse: string | null;
};
