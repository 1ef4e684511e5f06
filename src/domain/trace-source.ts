import type { Observation } from "./observation.ts";

/** What the mirror reads of one suggestion (and its trace, if it has one) to make a Langfuse trace of it. */
export type TraceSource = {
  readonly suggestionId: string;
  readonly projectId: string;
  /** 32 lower-case hex digits, see `traceIdOf`. */
  readonly traceId: string;
  /** Null on a host's own row that does not say. */
  readonly functionName: string | null;
  readonly ticketId: string | null;
  readonly messageId: string | null;
  readonly systemUserId: string | null;
  readonly environment: string | null;
  readonly release: string | null;
  /** When the run began. */
  readonly createdAt: Date;
  readonly latencyMs: number | null;
  readonly status: string;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  /** 0–1, null when unknown. */
  readonly confidenceScore: number | null;
  readonly suggestedResponse: string;
  readonly model: string | null;
  readonly promptName: string | null;
  readonly promptVersion: string | null;
  /** The observation that scores attach to; null on a host's own row. */
  readonly observationId: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The run as recorded, root first; null when nothing was recorded (a row inserted by the host itself). */
  readonly observations: readonly Observation[] | null;
};
