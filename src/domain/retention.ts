/** What may be kept for different times. */
export type RetainedKind = "content" | "traces" | "rows";

/** How old each may become, in milliseconds; null: for ever. */
export type RetentionAges = {
  readonly contentMs: number | null;
  readonly tracesMs: number | null;
  readonly rowsMs: number | null;
};

/** Why a kind was left as it is. */
export type RetentionKept =
  /** Messages that have yet to reach Langfuse: so many suggestions are kept for them. */
  | { readonly kind: RetainedKind; readonly why: "waiting"; readonly suggestionCount: number }
  /** Hours that the host's table of metrics still has to get. */
  | { readonly kind: "rows"; readonly why: "unwritten"; readonly hourCount: number }
  /** Rows of partitioned tables go by month, and those of an adopted application are its own. */
  | { readonly kind: "rows"; readonly why: "partitioned" | "adopted" };

/** What one pass removed, or would remove. */
export type RetentionReport = {
  /** Suggestions and feedback events that lost their texts. */
  readonly emptiedSuggestionCount: number;
  readonly emptiedFeedbackCount: number;
  readonly deletedTraceCount: number;
  readonly deletedSuggestionCount: number;
  readonly kept: readonly RetentionKept[];
  readonly interrupted: boolean;
};
