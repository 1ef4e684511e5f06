import type { FeedbackSource, FeedbackType } from "./feedback.ts";
import type { TraceLevel } from "./trace-source.ts";

/** What the mirror reads of one feedback event, and of its suggestion, to make Langfuse scores and an observation of it. */
export type FeedbackRow = TraceLevel & {
  readonly id: string;
  readonly traceId: string;
  /** The root of the recorded run; null where nothing was recorded, then it is the trace's observation 0. */
  readonly rootObservationId: string | null;
  /** The observation that the scores attach to; null on a host's own row, whose trace has it at index 1. */
  readonly observationId: string | null;
  readonly type: FeedbackType;
  readonly reason: string | null;
  /** Reasons beside that one. */
  readonly otherReasons: readonly string[];
  readonly comment: string | null;
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
  /** `tags` of the suggestion's metadata, as they are. */
  readonly tags: unknown;
};
