import { UptakeError } from "../domain/errors.ts";
import { type Instruments, noInstruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import { blamesTheData, codeOf, isInvalidInput } from "../domain/refused-data.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";
import type { SuggestionRow } from "../domain/suggestion-row.ts";
import { createBackOff } from "./back-off.ts";
import { createGathering, GATHER_MS } from "./gathering.ts";
import { createMinuteTally } from "./minute-tally.ts";
import { nameOf } from "./payload.ts";
import type { Recorder } from "./recorder.ts";
import { rowOf } from "./rows.ts";
import { createWaitingRows } from "./waiting-rows.ts";
import { REFUSED_RECORDS } from "./track-meters.ts";
import type { Entry, Settled, WaitingLimits, WaitingRows } from "./waiting-rows.ts";

export type GroupCommitOptions = Partial<WaitingLimits> & {
  /**
   * Writes all of them in one statement, or none; the same rows again must change nothing. Whoever can tell which of them
   * are refused writes the others and rejects with {@link RowsRefused}.
   */
  readonly write: (rows: readonly SuggestionRow[]) => Promise<unknown>;
  readonly log: Logger;
  readonly instruments?: Instruments;
  /** 0 ≤ random() < 1, for the jitter of the back-off. */
  readonly random?: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  /** How long a statement waits for company under load. */
  readonly gatherMs?: number;
  /** How long `flush` and `close` wait. */
  readonly flushTimeoutMs?: number;
  /** What it is written into, in messages. */
  readonly storeName?: string;
};

/** All rows are written but these, each of which is refused for its data. */
export class RowsRefused extends Error {
  readonly refusals: ReadonlyMap<SuggestionRow, UptakeError>;

  constructor(refusals: ReadonlyMap<SuggestionRow, UptakeError>) {
    super(`${refusals.size} rows are refused`);
    this.name = "RowsRefused";
    this.refusals = refusals;
  }
}

/** 500 rows: past that a statement gains nothing. 10,000 waiting: what a database that is away for a while costs in memory. */
const LIMITS: WaitingLimits = {
  maxBatch: 500,
  maxBatchBytes: 4_000_000,
  maxWaiting: 10_000,
  maxWaitingBytes: 64_000_000,
};
export const FLUSH_TIMEOUT_MS = 5_000;
export const STORE_NAME = "the database";

/** A {@link Recorder} that keeps records in memory only, and what a recorder with a spool is made of. */
export type GroupCommit = Omit<Recorder, "record"> & {
  record(record: SuggestionRecord): Promise<void>;
  /** Like `record` with a callback, but false where there is no room; reports nothing then. */
  offer(row: SuggestionRow, settled: Settled): boolean;
  /** Ends at once; whatever is not written is rejected. Returns how many records that are. */
  stop(): number;
};

/**
 * A {@link Recorder} that writes everything waiting in one statement: one batch is in flight, whatever arrives meanwhile
 * forms the next. A lone record goes at once; where records come thick and fast the next statement waits a few
 * milliseconds for company (`gathering.ts`). A batch that fails is sent again with back-off for as long as it takes; a batch refused for its data is halved
 * until the bad record stands alone and is given up.
 */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { log, now = () => performance.now(), gatherMs = GATHER_MS, flushTimeoutMs = FLUSH_TIMEOUT_MS } = options;
  const waiting = createWaitingRows({ ...LIMITS, ...options });
  const dropped = createMinuteTally((facts) => log.error("track.dropped", facts));
  const delivery = createDelivery(options, waiting);
  const gathering = createGathering({ now, gatherMs });
  let scheduled = false;
  let closed = false;
  let closing: Promise<void> | undefined;

  function offer(row: SuggestionRow, settled: Settled): boolean {
    gathering.arrived();
    if (closed || !waiting.add(row, settled)) return false;
    schedule();
    return true;
  }

  function record(record: SuggestionRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      const isTaken = offer(rowOf(record), (error) => (error === undefined ? resolve() : reject(error)));
      if (isTaken) return;
      dropped.add({ reason: closed ? "closed" : "too many wait" });
      reject(givenUp(closed ? "the tracker is closed" : "too many wait for the database already"));
    });
  }

  /** One turn of the event loop, so that calls which end together are written together. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => void drain());
  }

  async function drain(): Promise<void> {
    while (waiting.hasNext()) {
      if (!waiting.hasFullBatch()) await gathering.gather();
      await delivery.deliver(waiting.takeBatch());
    }
    // In the same turn as the look at what waits, so that no record can arrive in between and be forgotten.
    scheduled = false;
  }

  async function flush(): Promise<void> {
    const recordCount = waiting.all().length;
    if (recordCount === 0) return;
    gathering.wake();
    delivery.wake();
    const notWrittenCount = await waiting.notWrittenAfter(flushTimeoutMs);
    if (notWrittenCount === 0) return;
    throw notWritten({ notWrittenCount, recordCount, timeoutMs: flushTimeoutMs, storeName: options.storeName });
  }

  async function closeOnce(): Promise<void> {
    closed = true;
    await flush().catch(() => {});
    const lostCount = stop();
    if (lostCount > 0) log.error("track.lost_at_close", { count: lostCount });
  }

  function stop(): number {
    closed = true;
    const lost = waiting.all();
    for (const entry of lost) waiting.settle(entry, givenUp("the tracker was closed before the database answered"));
    delivery.stop();
    dropped.close();
    return lost.length;
  }

  return { record, offer, flush, stop, close: () => (closing ??= closeOnce()) };
}

type Delivery = {
  /** Returns when all of them are settled, or after `stop`. Never throws. */
  deliver(batch: readonly Entry[]): Promise<void>;
  /** Tries again now instead of when the pause is over. */
  wake(): void;
  stop(): void;
};

function createDelivery(options: GroupCommitOptions, waiting: WaitingRows): Delivery {
  const { write, log, instruments = noInstruments, random = Math.random } = options;
  const refused = createMinuteTally((facts) => log.error("track.refused", facts));
  const failing = createMinuteTally((facts) => log.warn("track.write_failed", facts));
  const backOff = createBackOff(random);
  instruments.kept(REFUSED_RECORDS, () => refused.totalCount());
  let stopped = false;

  async function deliver(batch: readonly Entry[]): Promise<void> {
    for (;;) {
      if (stopped) return;
      try {
        await write(batch.map((entry) => entry.row));
      } catch (error) {
        if (error instanceof RowsRefused) return settleAll(batch, error.refusals);
        if (blamesTheData(error)) return halve(batch, error);
        failing.add({ error: nameOf(error), code: codeOf(error) });
        await backOff.pause(retryAfterMsOf(error));
        continue;
      }
      return settleAll(batch);
    }
  }

  function settleAll(batch: readonly Entry[], refusals?: RowsRefused["refusals"]): void {
    backOff.reset();
    for (const entry of batch) {
      const refusal = refusals?.get(entry.row);
      if (refusal === undefined) waiting.settle(entry);
      else giveUp(entry, refusal);
    }
  }

  async function halve(batch: readonly Entry[], error: unknown): Promise<void> {
    const [only, ...others] = batch;
    if (only !== undefined && others.length === 0) return giveUp(only, error);
    const middle = batch.length >>> 1;
    await deliver(batch.slice(0, middle));
    await deliver(batch.slice(middle));
  }

  function giveUp(entry: Entry, error: unknown): void {
    const { id, functionName } = entry.row;
    const why = isInvalidInput(error) ? error.message : nameOf(error);
    refused.add({ suggestionId: id, functionName, code: codeOf(error), error: why });
    if (isInvalidInput(error)) return waiting.settle(entry, error);
    return waiting.settle(entry, givenUp(`its data is refused (${codeOf(error) ?? why})`, error));
  }

  function stop(): void {
    stopped = true;
    backOff.wake();
    refused.close();
    failing.close();
  }

  return { deliver, wake: () => backOff.wake(), stop };
}

/** How long whoever answers has asked to be left alone. */
function retryAfterMsOf(error: unknown): number {
  const asked = error instanceof UptakeError ? error.facts["retryAfterMs"] : undefined;
  return typeof asked === "number" ? asked : 0;
}

type NotWritten = {
  readonly notWrittenCount: number;
  readonly recordCount: number;
  readonly timeoutMs: number;
  readonly storeName: string | undefined;
};

function notWritten({ notWrittenCount, recordCount, timeoutMs, storeName = STORE_NAME }: NotWritten): UptakeError {
  return new UptakeError(
    "database_unavailable",
    `flush: ${notWrittenCount} of ${recordCount} records are not written after ${timeoutMs} ms; is ${storeName} reachable?`,
    { facts: { notWrittenCount, recordCount } },
  );
}

export function givenUp(reason: string, cause?: unknown): UptakeError {
  return new UptakeError("database_unavailable", `suggestion not recorded: ${reason}`, { cause });
}
