/** How it stands with the Langfuse that is set: whether it is there and takes the keys. */
export type LangfuseStanding = {
  readonly state: "not_set" | "reached" | "refused" | "away";
  /** Its address; null when no keys are set. */
  readonly target: string | null;
  readonly version: string | null;
  /** Name of the project that the keys are for. */
  readonly project: string | null;
  /** How it is read; null while that is not known. */
  readonly dialect: "v3" | "v4" | null;
  /** What is wrong. */
  readonly message: string | null;
};
