/** What is kept of the last check of a Langfuse. */
export type KeptVerification = {
  readonly baseUrl: string;
  readonly verifiedAt: Date;
  readonly ok: boolean;
  readonly version: string | null;
  readonly project: string | null;
  /** Until the last of all that was sent was seen; null where something was not. */
  readonly seenAfterMs: number | null;
  /** What was wrong first, in plain words. */
  readonly problem: string | null;
};
