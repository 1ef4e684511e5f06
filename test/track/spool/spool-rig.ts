import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Durability } from "../../../src/domain/durability.ts";
import type { Instruments } from "../../../src/domain/instruments.ts";
import type { SuggestionRow } from "../../../src/domain/suggestion-row.ts";
import { lockDirectory } from "../../../src/store/directory-lock.ts";
import { createGroupCommit } from "../../../src/track/group-commit.ts";
import type { Recorder } from "../../../src/track/recorder.ts";
import { createAdoption } from "../../../src/track/spool/adoption.ts";
import { scanFrames } from "../../../src/track/spool/frame.ts";
import { createReplayer } from "../../../src/track/spool/replayer.ts";
import { createSpool } from "../../../src/track/spool/spool.ts";
import { createSpooledRecorder } from "../../../src/track/spooled-recorder.ts";
import { keepLog } from "../memory-recorder.ts";
import type { LoggedLine } from "../memory-recorder.ts";

export function newSpoolDir(): string {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-spool-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  return join(scratch, "spool");
}

export type RigOptions = {
  readonly dir: string;
  readonly write: (rows: readonly SuggestionRow[]) => Promise<void>;
  readonly durability?: Durability;
  readonly destination?: string;
  readonly maxBytes?: number;
  readonly segmentBytes?: number;
  readonly maxWaiting?: number;
  readonly maxBatch?: number;
  readonly commitTimeoutMs?: number;
  readonly flushTimeoutMs?: number;
  readonly instruments?: Instruments;
};

export type Rig = { readonly recorder: Recorder; readonly logged: LoggedLine[]; adopt(): void };

/** A recorder with a spool, put together as the application does it, closed when the test is over. */
export function openRig(options: RigOptions): Rig {
  const { log, logged } = keepLog();
  const { dir, durability = "background", destination = "here", flushTimeoutMs = 200, instruments } = options;
  const queue = createGroupCommit({ log, random: () => 0, ...options, flushTimeoutMs });
  const lock = (path: string) => {
    try {
      return lockDirectory(path);
    } catch (error) {
      if ((error as { code?: string }).code === "data_directory_in_use") return undefined;
      throw error;
    }
  };
  const place = { dir, destination, lock, log };
  const spool = createSpool({ ...options, ...place });
  const replayer = createReplayer({ queue, log, ...(instruments && { instruments }) });
  const adoption = createAdoption({ ...place, ownPath: spool.ownerPath, replayer });
  const recorder = createSpooledRecorder({
    ...options,
    durability,
    queue,
    spool,
    replayer,
    adoption,
    log,
    flushTimeoutMs,
  });
  onTestFinished(() => recorder.close());
  return { recorder, logged, adopt: () => adoption.start() };
}

/** A database in memory that can be away; a record that it has already stays as it is. */
export function memoryDatabase(): {
  isAway: boolean;
  readonly ids: string[];
  readonly write: RigOptions["write"];
} {
  const database = {
    isAway: false,
    ids: [] as string[],
    async write(rows: readonly SuggestionRow[]) {
      if (database.isAway) throw new Error("away");
      for (const { id } of rows) if (!database.ids.includes(id)) database.ids.push(id);
    },
  };
  return database;
}

export const filesIn = (dir: string, ending = ""): string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith(ending))
    .sort();

/** Ids of everything in the spool files of a directory. */
export const spooledIds = (dir: string): string[] =>
  filesIn(dir, ".spool").flatMap((name) =>
    [...scanFrames(readFileSync(join(dir, name)))].map((part) => (part.kind === "row" ? part.row.id : part.kind)),
  );

export const countOf = (logged: readonly LoggedLine[], event: string): number =>
  logged.filter((line) => line.event === event).reduce((sum, { facts }) => sum + Number(facts["count"]), 0);
