/** The host's word for how far a suggestion's own run has come. */
export const SUGGESTION_STATUSES = ["pending", "completed", "error", "accepted", "rejected"] as const;
export type SuggestionStatus = (typeof SUGGESTION_STATUSES)[number];

/**
 * One finished run of an agent function, as the tracker hands it to the store: a row of `ai_suggestions` and its
 * row of `ai_traces`. Times are ISO 8601 UTC with milliseconds; `…Json` fields hold serialised, well-formed JSON.
 */
export type SuggestionRecord = {
  readonly id: string;
  readonly projectId: string;
  readonly functionName: string;
  readonly ticketId: string | null;
  readonly messageId: string | null;
  readonly systemUserId: string | null;
  readonly suggestedResponse: string;
  /** 0–1, as the agent function itself claims it. */
  readonly confidenceScore: number | null;
  readonly status: "completed" | "error";
  readonly createdAt: string;
  readonly environment: string | null;
  readonly release: string | null;
  readonly model: string | null;
  readonly promptName: string | null;
  readonly promptVersion: string | null;
  readonly traceId: string;
  /** The generation that scores attach to; the root observation where the run had no generation. */
  readonly observationId: string;
  /** Null is unknown; a tracked run's is always known. */
  readonly latencyMs: number | null;
  readonly timeToFirstTokenMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  /** JSON object: what the host's readers expect in `metadata`. */
  readonly metadataJson: string;
  /** JSON array of {@link Observation}, root first. */
  readonly observationsJson: string;
};
