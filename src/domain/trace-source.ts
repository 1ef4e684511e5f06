import type { Observation } from "./observation.ts";

/** What stands on every span of a suggestion's trace, because Langfuse 4 filters and groups by what is on each. */
export type TraceLevel = {
  readonly suggestionId: string;
  /** Null on a host's own row that does not say. */
  readonly functionName: string | null;
  readonly ticketId: string | null;
  readonly messageId: string | null;
  readonly systemUserId: string | null;
  readonly environment: string | null;
  readonly release: string | null;
  readonly promptVersion: string | null;
  /** 0–1, null when unknown. */
  readonly confidenceScore: number | null;
  readonly status: string | null;
};

/** What the mirror reads of one suggestion (and its trace, if it has one) to make a Langfuse trace of it. */
export type TraceSource = TraceLevel & {
  readonly projectId: string;
  /** 32 lower-case hex digits, see `traceIdOf`. */
  readonly traceId: string;
  /** When the run began. */
  readonly createdAt: Date;
  readonly latencyMs: number | null;
  readonly timeToFirstTokenMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly status: string;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly suggestedResponse: string;
  readonly model: string | null;
  readonly promptName: string | null;
  /** The observation that scores attach to; null on a host's own row. */
  readonly observationId: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The run as recorded, root first; null when nothing was recorded (a row inserted by the host itself). */
  readonly observations: readonly Observation[] | null;
};
