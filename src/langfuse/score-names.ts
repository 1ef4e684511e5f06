/** The scores' names in Langfuse. A score config's name has at most 35 characters. */
export const SCORE_NAME = {
  feedback: "feedback",
  accepted: "accepted",
  reason: "feedback-reason",
  keptRatio: "kept-ratio",
  timeToFeedback: "time-to-feedback",
  /** Langfuse gives every CORRECTION this name and shows it as the corrected output. */
  correction: "output",
} as const;
