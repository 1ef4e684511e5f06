import type { VerifyStage } from "../domain/verify-report.ts";

export type VerifyOptions = {
  /** How long Langfuse may take to be reached, again to take everything, and again to show it. */
  readonly patienceMs: number;
  /** Leaves the traces in Langfuse. */
  readonly keep: boolean;
  readonly onProgress: (stage: VerifyStage, done: number, total: number) => void;
  /** Ends it early, with `interrupted`; what was sent by then is cleaned up all the same. */
  readonly signal: AbortSignal;
};
