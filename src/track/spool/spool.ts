import { mkdirSync } from "node:fs";
import { type Instruments, noInstruments } from "../../domain/instruments.ts";
import type { Logger } from "../../domain/logger.ts";
import type { SuggestionRow } from "../../domain/suggestion-row.ts";
import { createMinuteTally } from "../minute-tally.ts";
import { SPOOL_APPENDED, SPOOL_BYTES, SPOOL_FAILED, SPOOL_HELD } from "../track-meters.ts";
import { frameOf } from "./frame.ts";
import { bytesIn, newOwnerPath, segmentPath } from "./owner-files.ts";
import { appendFrame, closeSegment, emptySegment, openSegment, removeFile } from "./segment.ts";
import type { Segment } from "./segment.ts";

/** Locks an owner's path for this process; a dead owner's lock is taken over. Undefined where the owner lives. */
export type LockOwner = (ownerPath: string) => (() => void) | undefined;

export type SpoolOptions = {
  readonly dir: string;
  /** Which database the records are for: letters, digits, `_` and `.`. */
  readonly destination: string;
  readonly lock: LockOwner;
  readonly log: Logger;
  readonly instruments?: Instruments;
  /** Bound of everything in the directory. */
  readonly maxBytes?: number;
  readonly segmentBytes?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
};

/**
 * Records of this process on disk, in segments. A record that memory holds as well is settled when it is committed; one
 * that is left is read from the file. A segment is deleted, or emptied where it is the one appended to, when neither is in it.
 */
export type Spool = {
  readonly ownerPath: string;
  /** Undefined where the spool is full or the disk refuses; that is counted and reported, never thrown. */
  append(row: SuggestionRow): Segment | undefined;
  /** A held record is committed or given up. */
  settle(segment: Segment): void;
  /** Memory has no room for a record: whoever replays the segment finds it. */
  leave(segment: Segment): void;
  leftCount(): number;
  /** The oldest segment with left records, closed for reading. */
  nextLeft(): Segment | undefined;
  /** All left records of the segment are committed or given up. */
  replayed(segment: Segment): void;
  /** What is in it waits for the next process. */
  close(): void;
};

export const MAX_BYTES = 256 * 1024 * 1024;
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** A disk that refused is not asked for every call. */
const RETRY_MS = 1_000;
/** Emptying a file costs as much as some appends, so a short one is emptied when a moment has passed. */
const EMPTY_AT_BYTES = 64 * 1024;
const EMPTY_AFTER_MS = 500;

/** Opens nothing before the first record. */
export function createSpool(options: SpoolOptions): Spool {
  const { dir, log, instruments = noInstruments, now = () => performance.now() } = options;
  const failed = createMinuteTally((facts) => log.error("track.spool_failed", facts));
  const fail = (error: unknown): void => failed.add({ dir, reason: reasonOf(error) });
  const files = createFiles(options, fail);
  let refusedUntil = Number.NEGATIVE_INFINITY;
  let lastReason = "";
  let leftCount = 0;
  let appendedCount = 0;

  const heldCount = (): number => files.all().reduce((sum, segment) => sum + segment.heldCount + segment.leftCount, 0);
  instruments.gauge(SPOOL_HELD, () => [{ value: heldCount() }]);
  instruments.gauge(SPOOL_BYTES, () => [{ value: bytesIn(dir) }]);
  instruments.kept(SPOOL_APPENDED, () => appendedCount);
  instruments.kept(SPOOL_FAILED, () => failed.totalCount());

  function append(row: SuggestionRow): Segment | undefined {
    if (now() < refusedUntil) {
      failed.add({ dir, reason: lastReason });
      return undefined;
    }
    try {
      const segment = files.append(frameOf(row));
      segment.heldCount += 1;
      appendedCount += 1;
      return segment;
    } catch (error) {
      fail(error);
      lastReason = reasonOf(error);
      refusedUntil = now() + RETRY_MS;
      return undefined;
    }
  }

  return {
    ownerPath: files.ownerPath,
    append,
    settle(segment) {
      segment.heldCount -= 1;
      files.tidy(segment);
    },
    leave(segment) {
      segment.heldCount -= 1;
      segment.leftCount += 1;
      leftCount += 1;
    },
    leftCount: () => leftCount,
    nextLeft() {
      const segment = files.all().find(({ leftCount }) => leftCount > 0);
      if (segment !== undefined) files.retire(segment);
      return segment;
    },
    replayed(segment) {
      leftCount -= segment.leftCount;
      segment.leftCount = 0;
      files.tidy(segment);
    },
    close() {
      files.close();
      failed.close();
    },
  };
}

type Files = {
  readonly ownerPath: string;
  /** Throws where there is no room or the disk refuses. */
  append(frame: Uint8Array): Segment;
  /** Nothing is appended to it any more. */
  retire(segment: Segment): void;
  tidy(segment: Segment): void;
  all(): readonly Segment[];
  close(): void;
};

function createFiles(options: SpoolOptions, fail: (error: unknown) => void): Files {
  const { dir, destination, lock, maxBytes = MAX_BYTES, segmentBytes = SEGMENT_BYTES } = options;
  const ownerPath = newOwnerPath(dir, destination);
  const segments = new Set<Segment>();
  let active: Segment | undefined;
  let number = 0;
  let release: (() => void) | undefined;
  /** Bytes beside the active segment, as of when it was opened. */
  let otherBytes = 0;
  const attempt = quietly(fail);
  const emptying = createEmptying(attempt);

  function open(): Segment {
    if (release === undefined) {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      release = lock(ownerPath);
      if (release === undefined) throw new Error(`${ownerPath} is locked by another`);
    }
    otherBytes = bytesIn(dir);
    const segment = openSegment(segmentPath(ownerPath, ++number));
    segments.add(segment);
    return segment;
  }

  function retire(segment: Segment): void {
    if (segment === active) active = undefined;
    attempt(() => closeSegment(segment));
  }

  function append(frame: Uint8Array): Segment {
    if (active !== undefined && active.byteCount + frame.length > segmentBytes) {
      const full = active;
      retire(full);
      tidy(full);
    }
    active ??= open();
    const neededBytes = active.byteCount + frame.length;
    // Others may have made room since this was measured.
    if (otherBytes + neededBytes > maxBytes) otherBytes = bytesIn(dir) - active.byteCount;
    if (otherBytes + neededBytes > maxBytes) throw new SpoolFull(maxBytes);
    appendFrame(active, frame);
    return active;
  }

  function tidy(segment: Segment): void {
    if (segment.heldCount > 0 || segment.leftCount > 0 || !segments.has(segment)) return;
    if (segment === active) return emptying.ask(segment);
    segments.delete(segment);
    attempt(() => removeFile(segment.path));
  }

  function close(): void {
    for (const segment of segments) {
      retire(segment);
      tidy(segment);
    }
    segments.clear();
    attempt(() => release?.());
    release = undefined;
  }

  return { ownerPath, append, retire, tidy, all: () => [...segments], close };
}

/** Calls back; what it throws is told, not thrown. */
const quietly =
  (fail: (error: unknown) => void) =>
  (part: () => void): void => {
    try {
      part();
    } catch (error) {
      fail(error);
    }
  };

/** Empties the segment that is appended to, now where it is long, else soon, if everything in it is still settled. */
function createEmptying(attempt: (part: () => void) => void): { ask(segment: Segment): void } {
  let timer: NodeJS.Timeout | undefined;
  let latest: Segment;
  return {
    ask(segment) {
      latest = segment;
      if (segment.byteCount >= EMPTY_AT_BYTES) return attempt(() => emptySegment(segment));
      timer ??= setTimeout(() => {
        timer = undefined;
        // Else it is asked for again when the last record in it is settled.
        if (latest.heldCount === 0 && latest.leftCount === 0) attempt(() => emptySegment(latest));
      }, EMPTY_AFTER_MS).unref();
    },
  };
}

class SpoolFull extends Error {
  constructor(maxBytes: number) {
    super(`full: ${maxBytes} bytes`);
  }
}

const reasonOf = (error: unknown): string => {
  if (error instanceof SpoolFull) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};
