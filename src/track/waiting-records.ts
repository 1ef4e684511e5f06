import type { UptakeError } from "../domain/errors.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";

/** A record on its way, and the promise of whoever gave it. */
export type Entry = {
  readonly record: SuggestionRecord;
  readonly chars: number;
  readonly written: Promise<void>;
  resolve(): void;
  reject(error: UptakeError): void;
};

export type WaitingLimits = {
  readonly maxBatch: number;
  readonly maxBatchChars: number;
  readonly maxWaiting: number;
  readonly maxWaitingChars: number;
};

/** Records that are not written yet, the batch in flight included; bounded in number and in size. */
export type WaitingRecords = {
  /** Undefined where there is no room. */
  add(record: SuggestionRecord): Entry | undefined;
  /** The oldest records, as many as one statement takes; they stay counted until they are settled. */
  takeBatch(): readonly Entry[];
  /** Written, or given up because of this error. */
  settle(entry: Entry, error?: UptakeError): void;
  hasNext(): boolean;
  hasFullBatch(): boolean;
  all(): readonly Entry[];
};

/** What one row costs beside its texts. */
const CHARS_PER_RECORD = 600;

export function createWaitingRecords(limits: WaitingLimits): WaitingRecords {
  const unsettled = new Set<Entry>();
  let next: Entry[] = [];
  let heldChars = 0;

  return {
    add(record) {
      const chars = charsOf(record);
      const isFull = unsettled.size >= limits.maxWaiting || heldChars + chars > limits.maxWaitingChars;
      // However large it is, a lone record finds room: else it could never be written.
      if (isFull && unsettled.size > 0) return undefined;
      const entry = newEntry(record, chars);
      heldChars += chars;
      unsettled.add(entry);
      next.push(entry);
      return entry;
    },
    takeBatch() {
      let count = 0;
      let chars = 0;
      for (const entry of next) {
        chars += entry.chars;
        if (count === limits.maxBatch || (count > 0 && chars > limits.maxBatchChars)) break;
        count++;
      }
      const batch = next.slice(0, count);
      next = next.slice(count);
      return batch;
    },
    settle(entry, error) {
      if (!unsettled.delete(entry)) return;
      heldChars -= entry.chars;
      if (error === undefined) return entry.resolve();
      // Nobody has to look: a record that is given up is counted and reported where that is decided.
      entry.written.catch(() => {});
      entry.reject(error);
    },
    hasNext: () => next.length > 0,
    hasFullBatch: () => next.length >= limits.maxBatch,
    all: () => [...unsettled],
  };
}

function newEntry(record: SuggestionRecord, chars: number): Entry {
  let resolve!: () => void;
  let reject!: (error: UptakeError) => void;
  const written = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { record, chars, written, resolve, reject };
}

function charsOf(record: SuggestionRecord): number {
  const texts = record.observationsJson.length + record.metadataJson.length + record.suggestedResponse.length;
  return CHARS_PER_RECORD + texts;
}
