import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Instruments, noInstruments } from "../../domain/instruments.ts";
import type { Logger } from "../../domain/logger.ts";
import type { SuggestionRow } from "../../domain/suggestion-row.ts";
import type { GroupCommit } from "../group-commit.ts";
import { createMinuteTally } from "../minute-tally.ts";
import { SPOOL_DAMAGED, SPOOL_REPLAYED, SPOOL_TORN } from "../track-meters.ts";
import { scanFrames } from "./frame.ts";
import type { Scanned } from "./frame.ts";
import { damagedPath } from "./owner-files.ts";

/** Writes the records of spool files into the database. */
export type Replayer = {
  /**
   * Resolves with the number of records once each is committed or refused for its data; undefined after `stop`, or where
   * the file cannot be read: then it has to stay. Records that the database has already change nothing there.
   */
  replay(path: string): Promise<number | undefined>;
  stop(): void;
};

const MAX_BATCH = 500;
/** How long a replay leaves the room in memory to the application before it asks again. */
const NO_ROOM_MS = 20;

export type ReplayerOptions = {
  readonly queue: Pick<GroupCommit, "offer">;
  readonly log: Logger;
  readonly instruments?: Instruments;
};

export function createReplayer({ queue, log, instruments = noInstruments }: ReplayerOptions): Replayer {
  const damaged = createMinuteTally((facts) => log.error("track.spool_damaged", facts));
  const torn = createMinuteTally((facts) => log.warn("track.spool_torn", facts));
  const unread = createMinuteTally((facts) => log.error("track.spool_unread", facts));
  let stopped = false;
  let replayedCount = 0;
  instruments.kept(SPOOL_REPLAYED, () => replayedCount);
  instruments.kept(SPOOL_DAMAGED, () => damaged.totalCount());
  instruments.kept(SPOOL_TORN, () => torn.totalCount());

  /** Waits for room, not for the commit; false after `stop`. */
  async function handOver(row: SuggestionRow, settled: () => void): Promise<boolean> {
    for (;;) {
      if (stopped) return false;
      if (queue.offer(row, settled)) return true;
      await new Promise((resolve) => void setTimeout(resolve, NO_ROOM_MS).unref());
    }
  }

  function setAside(path: string, part: Exclude<Scanned, { kind: "row" }>): void {
    if (part.kind === "torn") return torn.add({ file: path, at: part.at });
    const file = damagedPath(path, part.at);
    damaged.add({ file, byteCount: part.bytes.length });
    writeFileSync(file, part.bytes, { mode: 0o600 });
  }

  async function replayAll(path: string): Promise<number | undefined> {
    let count = 0;
    const settling = createCountdown();
    for (const part of scanFrames(await readFile(path))) {
      if (part.kind !== "row") {
        setAside(path, part);
        continue;
      }
      settling.expect();
      if (!(await handOver(part.row, settling.came))) return undefined;
      count += 1;
      if (settling.expectedCount() >= MAX_BATCH) await settling.allCame();
    }
    await settling.allCame();
    return stopped ? undefined : count;
  }

  return {
    async replay(path) {
      try {
        const count = await replayAll(path);
        replayedCount += count ?? 0;
        return count;
      } catch (error) {
        unread.add({ file: path, reason: (error as NodeJS.ErrnoException).code ?? String(error) });
        return undefined;
      }
    },
    stop() {
      stopped = true;
      for (const tally of [damaged, torn, unread]) tally.close();
    },
  };
}

/** Waits for as many calls as are expected. */
type Countdown = {
  expect(): void;
  readonly came: () => void;
  expectedCount(): number;
  /** For one at a time. */
  allCame(): Promise<void>;
};

function createCountdown(): Countdown {
  let count = 0;
  let done = (): void => {};
  return {
    expect: () => void (count += 1),
    came() {
      count -= 1;
      if (count === 0) done();
    },
    expectedCount: () => count,
    async allCame() {
      if (count > 0) await new Promise<void>((resolve) => (done = resolve));
    },
  };
}
