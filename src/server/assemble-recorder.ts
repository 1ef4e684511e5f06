import { hash } from "node:crypto";
import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Instruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import { asItIs, type Privacy } from "../domain/privacy.ts";
import type { Database } from "../store/database.ts";
import { lockDirectory } from "../store/directory-lock.ts";
import { insertSuggestions } from "../store/queries/insert-suggestions.ts";
import { createGroupCommit, type GroupCommitOptions, STORE_NAME } from "../track/group-commit.ts";
import { UNHURRIED_GATHER_MS } from "../track/gathering.ts";
import type { Recorder } from "../track/recorder.ts";
import { createAdoption } from "../track/spool/adoption.ts";
import { listOwners } from "../track/spool/owner-files.ts";
import { createReplayer } from "../track/spool/replayer.ts";
import { createSpool, type LockOwner } from "../track/spool/spool.ts";
import { createSpooledRecorder } from "../track/spooled-recorder.ts";

export type RecorderParts = {
  /** Where records go in the end. */
  readonly store: RecordStore;
  readonly log: Logger;
  readonly instruments: Instruments;
  readonly privacy: Privacy;
  /** Without a spool, for a database that is thrown away. */
  readonly inMemoryOnly: boolean;
};

/** A database, or a server that has one. */
export type RecordStore = {
  readonly write: GroupCommitOptions["write"];
  /** What it is called in messages. */
  readonly name: string;
  /** What is spooled for one place is never replayed into another. */
  readonly place: string;
};

/**
 * Where the spool has every record and no caller waits, a statement can, and memory holds the next few statements only:
 * in a burst of 50,000 calls this keeps the process below 250 MB.
 */
const SPOOLED_FIRST = { gatherMs: UNHURRIED_GATHER_MS, maxWaiting: 2_000, maxWaitingBytes: 16_000_000 };

/** The recorder over the store and the spool; `startReplay` is for when the store is there. */
export function assembleRecorder(
  config: Config,
  { store, log, instruments, privacy, inMemoryOnly }: RecorderParts,
): { readonly recorder: Recorder; readonly startReplay: () => void } {
  const { durability } = config;
  const isSpooledFirst = durability === "background" && !inMemoryOnly;
  const queue = createGroupCommit({
    write: store.write,
    storeName: store.name,
    log,
    instruments,
    ...(isSpooledFirst ? SPOOLED_FIRST : {}),
  });
  if (inMemoryOnly) return { recorder: masking(queue, privacy), startReplay: () => {} };
  const place = { dir: resolve(config.spoolDir), destination: destinationOf(store), lock: lockOwner(log), log };
  const spool = createSpool({ ...place, instruments });
  const replayer = createReplayer({ queue, log, instruments });
  const adoption = createAdoption({ ...place, ownPath: spool.ownerPath, replayer });
  const recorder = createSpooledRecorder({
    durability,
    queue,
    spool,
    replayer,
    adoption,
    log,
    instruments,
    storeName: store.name,
  });
  return { recorder: masking(recorder, privacy), startReplay: () => adoption.start() };
}

/** Before a record is bytes, in the spool or on its way to the store. */
function masking(recorder: Recorder, privacy: Privacy): Recorder {
  if (privacy === asItIs) return recorder;
  return { ...recorder, record: (record) => recorder.record(privacy.record(record)) };
}

/** Names the store in the spool. */
const destinationOf = ({ place }: Pick<RecordStore, "place">): string => hash("sha256", place, "hex").slice(0, 12);

/** The spool's name of the database that is configured. */
export const databaseDestination = (config: Config): string => destinationOf({ place: databasePlace(config) });

/** Files that processes which are gone, or still there, have left in the spool for this database. */
export const spoolFilesFor = (config: Config): readonly string[] =>
  listOwners(resolve(config.spoolDir), databaseDestination(config)).flatMap(({ segments }) => segments);

/** Writes what dead processes left in the spool, once; what could not be written is still there afterwards. */
export async function replaySpool(
  config: Config,
  { db, log }: { readonly db: Database; readonly log: Logger },
): Promise<void> {
  const { write, name } = databaseStore(config, db);
  const queue = createGroupCommit({ write, storeName: name, log });
  const replayer = createReplayer({ queue, log });
  const place = { dir: resolve(config.spoolDir), destination: databaseDestination(config), lock: lockOwner(log), log };
  await createAdoption({ ...place, ownPath: "", replayer }).adoptOnce();
  replayer.stop();
  await queue.close();
}

/** The database of this process. */
export const databaseStore = (config: Config, db: Database): RecordStore => ({
  write: (rows) => insertSuggestions(db, rows),
  name: STORE_NAME,
  place: databasePlace(config),
});

/** Has neither password nor user: they change while the database stays the same. */
const databasePlace = ({ databaseUrl, dataDir }: Config): string =>
  databaseUrl === null ? resolve(dataDir) : placeOf(databaseUrl);

function placeOf(databaseUrl: string): string {
  const { host, pathname, searchParams } = new URL(databaseUrl);
  const where = ["host", "port", "dbname", "options"].map((name) => searchParams.get(name) ?? "");
  return [host, pathname, ...where].join("\n");
}

/** Whether an owner on another machine lives cannot be told from here, so its files stay; somebody has to know. */
function lockOwner(log: Logger): LockOwner {
  return (ownerPath) => {
    try {
      return lockDirectory(ownerPath);
    } catch (error) {
      if (!(error instanceof UptakeError) || error.code !== "data_directory_in_use") throw error;
      const { host, lockFile } = error.facts;
      if (host !== hostname()) {
        const remedy = "if that process is gone, delete the lock file, and the spool is replayed";
        log.warn("track.spool_owner_unknown", { lockFile, host, remedy });
      }
      return undefined;
    }
  };
}
