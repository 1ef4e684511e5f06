/** Langfuse's observation types, lower-case as OTLP wants them. */
export const OBSERVATION_TYPES = [
  "span",
  "agent",
  "generation",
  "retriever",
  "tool",
  "chain",
  "embedding",
  "evaluator",
  "guardrail",
  "event",
] as const;
export type ObservationType = (typeof OBSERVATION_TYPES)[number];

export const OBSERVATION_LEVELS = ["DEBUG", "DEFAULT", "WARNING", "ERROR"] as const;
export type ObservationLevel = (typeof OBSERVATION_LEVELS)[number];

/** Tokens by exclusive bucket: `input` excludes cached input, `output` excludes reasoning. */
export type Usage = Readonly<Record<string, number>>;

/**
 * One observation of a run, as `ai_traces.observations` keeps it (JSON array, root first). What the suggestion's row
 * holds is not kept twice: the root has no metadata, and no output where that is the suggestion's text.
 * Times are ISO 8601 UTC with milliseconds, taken once and never recomputed.
 */
export type Observation = {
  /** 16 hex digits, see `observationIdOf`. */
  readonly id: string;
  readonly parentId: string | null;
  readonly type: ObservationType;
  readonly name: string;
  readonly startTime: string;
  readonly endTime: string;
  readonly level?: ObservationLevel;
  readonly statusMessage?: string;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly model?: string;
  readonly modelParameters?: Readonly<Record<string, unknown>>;
  readonly usage?: Usage;
  /** USD for the whole call; absent means unknown, never zero. */
  readonly costUsd?: number;
  readonly completionStartTime?: string;
  readonly prompt?: { readonly name: string; readonly version: number | string };
};
