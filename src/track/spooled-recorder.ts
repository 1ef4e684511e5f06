import type { Durability } from "../domain/durability.ts";
import { UptakeError } from "../domain/errors.ts";
import { type Instruments, noInstruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";
import type { SuggestionRow } from "../domain/suggestion-row.ts";
import { FLUSH_TIMEOUT_MS, givenUp, STORE_NAME } from "./group-commit.ts";
import type { GroupCommit } from "./group-commit.ts";
import { createMinuteTally } from "./minute-tally.ts";
import type { Recorder } from "./recorder.ts";
import { rowOf } from "./rows.ts";
import type { Adoption } from "./spool/adoption.ts";
import type { Replayer } from "./spool/replayer.ts";
import type { Segment } from "./spool/segment.ts";
import type { Spool } from "./spool/spool.ts";
import { DROPPED_RECORDS } from "./track-meters.ts";
import { COMMIT_TIMEOUT_MS } from "./troubles.ts";
import type { Settled } from "./waiting-rows.ts";

export type SpooledRecorderOptions = {
  readonly durability: Durability;
  /** Where records wait in memory for their commit. */
  readonly queue: GroupCommit;
  readonly spool: Spool;
  readonly replayer: Replayer;
  readonly adoption: Adoption;
  readonly log: Logger;
  readonly instruments?: Instruments;
  /** How long `commit` waits before the record goes to the spool. */
  readonly commitTimeoutMs?: number;
  /** How long `flush` and `close` wait. */
  readonly flushTimeoutMs?: number;
  /** What it is written into, in messages. */
  readonly storeName?: string;
};

/** A row in memory; its segment where the spool has it as well. */
type Held = { readonly row: SuggestionRow; segment: Segment | undefined };

/**
 * A {@link Recorder} that loses nothing that it has said yes to, not even by a kill -9. With `background` a record is on
 * the spool when `record` returns; with `commit` it goes there when its commit takes too long. What finds no room in
 * memory is on the spool alone, and is read back once the database has answered again.
 */
export function createSpooledRecorder(options: SpooledRecorderOptions): Recorder {
  const { queue, spool, replayer, adoption, log } = options;
  const backlog = createBacklog(options);
  const memory = createMemory(options, () => backlog.read());
  const intake = createIntake(options, memory);
  let closing: Promise<void> | undefined;

  async function flush(): Promise<void> {
    const timeoutMs = options.flushTimeoutMs ?? FLUSH_TIMEOUT_MS;
    const deadline = performance.now() + timeoutMs;
    const heldCount = await queue.flush().then(() => 0, notWrittenCount);
    await backlog.readUntil(deadline);
    const count = heldCount + spool.leftCount();
    if (count === 0) return;
    throw new UptakeError(
      "database_unavailable",
      `flush: ${count} records are not committed after ${timeoutMs} ms; is ${options.storeName ?? STORE_NAME} reachable?`,
      { facts: { notWrittenCount: count } },
    );
  }

  async function closeOnce(): Promise<void> {
    intake.close();
    await flush().catch(() => {});
    const { keptCount, lostCount } = memory.keepAll();
    const spooledCount = keptCount + spool.leftCount();
    replayer.stop();
    queue.stop();
    await Promise.all([adoption.stop(), backlog.settled()]);
    if (spooledCount > 0) log.warn("track.left_in_spool", { count: spooledCount });
    if (lostCount > 0) log.error("track.lost_at_close", { count: lostCount });
    spool.close();
  }

  return { record: (record) => intake.record(record), flush, close: () => (closing ??= closeOnce()) };
}

type Intake = { record: Recorder["record"]; close(): void };

function createIntake(options: SpooledRecorderOptions, memory: Memory): Intake {
  const { durability, spool, log, instruments = noInstruments, commitTimeoutMs = COMMIT_TIMEOUT_MS } = options;
  const dropped = createMinuteTally((facts) => log.error("track.dropped", facts));
  const spooled = createMinuteTally((facts) => log.warn("track.spooled", facts));
  let closed = false;
  instruments.kept(DROPPED_RECORDS, () => dropped.totalCount());

  function record(record: SuggestionRecord): Promise<void> | undefined {
    if (closed) return drop("the tracker is closed");
    const row = rowOf(record);
    return durability === "background" ? recordOnDisk(row) : recordInDatabase(row);
  }

  function recordOnDisk(row: SuggestionRow): Promise<void> | undefined {
    const segment = spool.append(row);
    // What is refused for its data is counted and reported where that is decided.
    const held = memory.hold({ row, segment }, () => {});
    return held ? undefined : leave(segment);
  }

  function recordInDatabase(row: SuggestionRow): Promise<void> | undefined {
    const held: Held = { row, segment: undefined };
    let settle: Settled = () => {};
    if (!memory.hold(held, (error) => settle(error))) return leave(spool.append(row));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        held.segment ??= spool.append(row);
        if (held.segment === undefined) return; // it stays in memory, and the tracker says that the commit is late
        spooled.add({ reason: "the commit did not come in time" });
        resolve();
      }, commitTimeoutMs);
      settle = (error) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      };
    });
  }

  function drop(reason: string): Promise<never> {
    dropped.add({ reason });
    return Promise.reject(givenUp(reason));
  }

  /** For the spool alone. */
  function leave(segment: Segment | undefined): Promise<void> | undefined {
    if (segment === undefined) return drop("too many wait for the database, and the spool takes no more");
    spool.leave(segment);
    spooled.add({ reason: "no room in memory" });
    return undefined;
  }

  function close(): void {
    closed = true;
    dropped.close();
    spooled.close();
  }

  return { record, close };
}

type Memory = {
  /** False where there is no room. Calls back once the row is committed or given up, or safe on the spool at the end. */
  hold(held: Held, settled: Settled): boolean;
  /** Puts everything that is not on the spool there, for the end; says how many records it has and how many it did not take. */
  keepAll(): { readonly keptCount: number; readonly lostCount: number };
};

function createMemory({ queue, spool }: SpooledRecorderOptions, committed: () => void): Memory {
  const all = new Set<Held>();
  let keeping = false;

  return {
    hold(held, settled) {
      const isTaken = queue.offer(held.row, (error) => {
        all.delete(held);
        if (held.segment !== undefined) {
          // Rejected for the end of the process and not for its data: the next process replays it.
          if (keeping) return settled();
          spool.settle(held.segment);
        }
        if (error === undefined) committed();
        settled(error);
      });
      if (isTaken) all.add(held);
      return isTaken;
    },
    keepAll() {
      keeping = true;
      for (const held of all) held.segment ??= spool.append(held.row);
      const keptCount = [...all].filter(({ segment }) => segment !== undefined).length;
      return { keptCount, lostCount: all.size - keptCount };
    },
  };
}

/** What memory had no room for, read back segment by segment. */
type Backlog = {
  /** The database has answered: time to read, where there is something. */
  read(): void;
  /** Reads until nothing is left, or until then (by `performance.now`). */
  readUntil(deadline: number): Promise<void>;
  settled(): Promise<void>;
};

function createBacklog({ spool, replayer }: Pick<SpooledRecorderOptions, "spool" | "replayer">): Backlog {
  let reading: Promise<void> | undefined;

  async function readAll(): Promise<void> {
    for (let segment = spool.nextLeft(); segment !== undefined; segment = spool.nextLeft()) {
      const count = await replayer.replay(segment.path);
      if (count === undefined) return;
      spool.replayed(segment);
    }
  }

  function read(): void {
    if (spool.leftCount() > 0) reading ??= readAll().finally(() => (reading = undefined));
  }

  return {
    read,
    async readUntil(deadline) {
      read();
      if (reading === undefined) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, Math.max(0, deadline - performance.now()));
      });
      await Promise.race([reading, late]);
      clearTimeout(timer);
    },
    async settled() {
      await reading;
    },
  };
}

function notWrittenCount(error: unknown): number {
  const count = error instanceof UptakeError ? error.facts["notWrittenCount"] : undefined;
  return typeof count === "number" ? count : 1;
}
