import type { SuggestionRecord } from "../domain/suggestion.ts";

/** Where the tracker hands finished runs. `createGroupCommit` makes one over a database; tests make their own. */
export type Recorder = {
  /**
   * Resolves once the record is durable, and is undefined where it is already; rejects if it was given up (dropped for
   * want of room, or refused).
   */
  record(record: SuggestionRecord): Promise<void> | undefined;
  /** Resolves once everything recorded before is durable; rejects saying how many records are not. */
  flush(): Promise<void>;
  /** Flushes within a deadline and stops. Called again it returns the same promise. */
  close(): Promise<void>;
};
