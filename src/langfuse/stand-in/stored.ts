/** One observation row as it arrived: every export adds rows, none is ever merged. Langfuse's field names. */
export type StoredObservation = {
  readonly id: string;
  readonly traceId: string;
  readonly startTime: string;
  readonly endTime: string | null;
  readonly parentObservationId: string | null;
  readonly type: string;
  readonly isRootObservation: boolean;
  readonly name: string;
  readonly level: string;
  readonly statusMessage: string | null;
  readonly version: string | null;
  readonly environment: string;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly completionStartTime: string | null;
  readonly input: string | null;
  readonly output: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly model: string | null;
  readonly modelParameters: Readonly<Record<string, unknown>>;
  readonly usageDetails: Readonly<Record<string, number>>;
  readonly costDetails: Readonly<Record<string, number>>;
  readonly totalCost: number | null;
  readonly promptName: string | null;
  readonly promptVersion: number | null;
  readonly traceName: string | null;
  readonly tags: readonly string[];
  readonly release: string | null;
  readonly public: boolean;
  /** When this row arrived, ISO 8601. */
  readonly receivedAt: string;
};

/** What the v3 dialect holds of a trace; Langfuse 4 has no traces, only rows that share an id. */
export type StoredTrace = {
  readonly id: string;
  readonly timestamp: string;
  readonly environment: string;
  readonly name: string | null;
  readonly version: string | null;
  readonly release: string | null;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly tags: readonly string[];
  readonly public: boolean;
  readonly input: string | null;
  readonly output: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly receivedAt: string;
};

export type ScoreDataType = "NUMERIC" | "BOOLEAN" | "CATEGORICAL" | "TEXT" | "CORRECTION";

/** One score as posted: kept once for every post, whatever came before. */
export type StoredScore = {
  readonly id: string;
  readonly name: string;
  readonly dataType: ScoreDataType;
  /** A number for NUMERIC and BOOLEAN (0 or 1), text for the others. */
  readonly value: number | string;
  readonly traceId: string | null;
  readonly observationId: string | null;
  readonly sessionId: string | null;
  readonly datasetRunId: string | null;
  readonly environment: string;
  readonly source: "API" | "ANNOTATION" | "EVAL";
  /** The score config that it was sent under. */
  readonly configId: string | null;
  readonly comment: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The event's timestamp, ISO 8601; for `POST /scores` the moment of the post. */
  readonly timestamp: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** The id of the ingestion event; null for `POST /scores`. */
  readonly eventId: string | null;
};

/** A score that was accepted and then dropped, as Langfuse's worker does without telling the sender. */
export type DroppedScore = {
  readonly id: string;
  readonly name: string;
  /** The id of the ingestion event; null for `POST /scores`. */
  readonly eventId: string | null;
  readonly reason: string;
};

/** Everything that came more than once, which Langfuse would count more than once or had to merge. */
export type Duplicates = {
  /** Trace and observation ids that more than one row has. */
  readonly observations: readonly { readonly traceId: string; readonly id: string; readonly count: number }[];
  /** Scores (id, name and UTC day) that were posted more than once; they overwrite each other. */
  readonly scores: readonly { readonly id: string; readonly name: string; readonly count: number }[];
};
