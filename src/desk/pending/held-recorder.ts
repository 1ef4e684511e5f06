import type { SuggestionRecord } from "../../domain/suggestion.ts";
import type { Recorder } from "../../track/recorder.ts";

/**
 * Between a tracker and the recorder: a failed run of a row that may be tried again is not written, since an error in the
 * table is final and a trace is written once. Whoever runs the row takes the record, and writes or forgets it.
 */
export type HeldRecorder = {
  readonly recorder: Recorder;
  /** From now on, until it is taken: a failure of this suggestion is kept back. */
  hold(suggestionId: string): void;
  /** Ends that; the record of the failed run, where there is one. */
  take(suggestionId: string): SuggestionRecord | undefined;
};

export function createHeldRecorder(inner: Recorder): HeldRecorder {
  const held = new Map<string, SuggestionRecord | undefined>();
  return {
    recorder: {
      record(record) {
        if (record.status !== "error" || !held.has(record.id)) return inner.record(record);
        held.set(record.id, record);
        return undefined;
      },
      flush: () => inner.flush(),
      // The recorder belongs to the application's tracker, which outlives this one.
      close: async () => {},
    },
    hold: (suggestionId) => void held.set(suggestionId, undefined),
    take(suggestionId) {
      const record = held.get(suggestionId);
      held.delete(suggestionId);
      return record;
    },
  };
}
