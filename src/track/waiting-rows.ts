import type { UptakeError } from "../domain/errors.ts";
import type { SuggestionRow } from "../domain/suggestion-row.ts";

/** Called once: the row is committed, or given up because of this error. */
export type Settled = (error?: UptakeError) => void;

/** A row on its way. */
export type Entry = {
  readonly row: SuggestionRow;
  readonly settled: Settled;
  /** Counts up. */
  readonly number: number;
};

export type WaitingLimits = {
  readonly maxBatch: number;
  readonly maxBatchBytes: number;
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
};

/** Rows that are not written yet, the batch in flight included; bounded in number and in size. */
export type WaitingRows = {
  /** False where there is no room. */
  add(row: SuggestionRow, settled: Settled): boolean;
  /** The oldest rows, as many as one statement takes; they stay counted until they are settled. */
  takeBatch(): readonly Entry[];
  /** Written, or given up because of this error. */
  settle(entry: Entry, error?: UptakeError): void;
  hasNext(): boolean;
  hasFullBatch(): boolean;
  all(): readonly Entry[];
  /** Resolves once all that wait now are settled, or after that time, with how many of them are not written. */
  notWrittenAfter(timeoutMs: number): Promise<number>;
};

/** What one row costs beside its bytes. */
const BYTES_PER_ROW = 300;

export function createWaitingRows(limits: WaitingLimits): WaitingRows {
  /** Oldest first, as they were added. */
  const unsettled = new Set<Entry>();
  const watches = createWatches(unsettled);
  let next: Entry[] = [];
  let heldBytes = 0;
  let lastNumber = 0;

  return {
    add(row, settled) {
      const isFull = unsettled.size >= limits.maxWaiting || heldBytes + bytesOf(row) > limits.maxWaitingBytes;
      // However large it is, a lone row finds room: else it could never be written.
      if (isFull && unsettled.size > 0) return false;
      const entry = { row, settled, number: ++lastNumber };
      heldBytes += bytesOf(row);
      unsettled.add(entry);
      next.push(entry);
      return true;
    },
    takeBatch() {
      let count = 0;
      let bytes = 0;
      for (const { row } of next) {
        bytes += bytesOf(row);
        if (count === limits.maxBatch || (count > 0 && bytes > limits.maxBatchBytes)) break;
        count++;
      }
      const batch = next.slice(0, count);
      next = next.slice(count);
      return batch;
    },
    settle(entry, error) {
      if (!unsettled.delete(entry)) return;
      heldBytes -= bytesOf(entry.row);
      entry.settled(error);
      watches.tell(entry, error);
    },
    hasNext: () => next.length > 0,
    hasFullBatch: () => next.length >= limits.maxBatch,
    all: () => [...unsettled],
    notWrittenAfter: (timeoutMs) => watches.notWrittenAfter(lastNumber, timeoutMs),
  };
}

/** Somebody who waits for the entries up to a number. */
type Watch = { readonly upTo: number; givenUpCount: number; done(): void };

type Watches = {
  /** The entry is settled. */
  tell(entry: Entry, error: UptakeError | undefined): void;
  notWrittenAfter(upTo: number, timeoutMs: number): Promise<number>;
};

function createWatches(unsettled: ReadonlySet<Entry>): Watches {
  const watches = new Set<Watch>();
  const hasUpTo = (number: number): boolean => {
    const [oldest] = unsettled;
    return oldest !== undefined && oldest.number <= number;
  };

  return {
    tell({ number }, error) {
      for (const watch of watches) {
        if (error !== undefined && number <= watch.upTo) watch.givenUpCount += 1;
        if (!hasUpTo(watch.upTo)) watch.done();
      }
    },
    async notWrittenAfter(upTo, timeoutMs) {
      if (!hasUpTo(upTo)) return 0;
      const watch: Watch = { upTo, givenUpCount: 0, done() {} };
      watches.add(watch);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        watch.done = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      watches.delete(watch);
      return watch.givenUpCount + [...unsettled].filter(({ number }) => number <= upTo).length;
    },
  };
}

const bytesOf = ({ from, to }: SuggestionRow): number => BYTES_PER_ROW + to - from;
