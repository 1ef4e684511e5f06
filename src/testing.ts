/** Public path `uptake/testing`: a Langfuse to test against. */
export {
  createStandInLangfuse,
  type StandInAddress,
  type StandInLangfuse,
  type StandInLangfuseOptions,
} from "./langfuse/stand-in/stand-in.ts";
export type { LangfuseDialect } from "./langfuse/dialect.ts";
export type { Failure, ScorePick } from "./langfuse/stand-in/failures.ts";
export type {
  DroppedScore,
  Duplicates,
  ScoreDataType,
  StoredObservation,
  StoredScore,
} from "./langfuse/stand-in/stored.ts";
