import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Instruments, noInstruments } from "../../domain/instruments.ts";
import type { Logger } from "../../domain/logger.ts";
import type { SuggestionRecord } from "../../domain/suggestion.ts";
import type { GroupCommit } from "../group-commit.ts";
import { createMinuteTally } from "../minute-tally.ts";
import { SPOOL_DAMAGED, SPOOL_REPLAYED, SPOOL_TORN } from "../track-meters.ts";
import { scanFrames } from "./frame.ts";
import type { Scanned } from "./frame.ts";

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

  /** The commit of one record; waits for room. */
  async function handOver(record: SuggestionRecord): Promise<{ readonly written: Promise<void> } | undefined> {
    for (;;) {
      if (stopped) return undefined;
      const written = queue.offer(record);
      if (written !== undefined) return { written };
      await new Promise((resolve) => void setTimeout(resolve, NO_ROOM_MS).unref());
    }
  }

  function setAside(path: string, part: Exclude<Scanned, { kind: "record" }>): void {
    if (part.kind === "torn") return torn.add({ file: path, at: part.at });
    const file = `${path}.${part.at}.damaged`;
    damaged.add({ file, byteCount: part.bytes.length });
    writeFileSync(file, part.bytes, { mode: 0o600 });
  }

  async function replayAll(path: string): Promise<number | undefined> {
    let count = 0;
    let batch: Promise<void>[] = [];
    for (const part of scanFrames(await readFile(path))) {
      if (part.kind !== "record") {
        setAside(path, part);
        continue;
      }
      const given = await handOver(part.record);
      if (given === undefined) return undefined;
      batch.push(given.written);
      count += 1;
      if (batch.length < MAX_BATCH) continue;
      await Promise.allSettled(batch);
      batch = [];
    }
    await Promise.allSettled(batch);
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
