import type { Logger } from "../../domain/logger.ts";
import { listOwners } from "./owner-files.ts";
import type { Owner } from "./owner-files.ts";
import type { Replayer } from "./replayer.ts";
import { removeFile } from "./segment.ts";
import type { LockOwner } from "./spool.ts";

/** Replays what dead owners left, now and every minute: a process may die while this one lives. */
export type Adoption = {
  start(): void;
  /** One pass over what is there now. */
  adoptOnce(): Promise<void>;
  /** Resolves when a replay that is under way has stopped; the rest of its file waits for the next owner. */
  stop(): Promise<void>;
};

export type AdoptionOptions = {
  readonly dir: string;
  readonly destination: string;
  /** Ours, which is not for adoption. */
  readonly ownPath: string;
  readonly lock: LockOwner;
  readonly replayer: Replayer;
  readonly log: Logger;
  readonly everyMs?: number;
};

const EVERY_MS = 60_000;

export function createAdoption(options: AdoptionOptions): Adoption {
  const { dir, destination, ownPath, lock, replayer, log, everyMs = EVERY_MS } = options;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<void> | undefined;

  async function adoptAll(): Promise<void> {
    for (const { path } of listOwners(dir, destination)) {
      if (stopped) return;
      if (path === ownPath) continue;
      const release = lock(path);
      if (release === undefined) continue;
      try {
        // Only under the lock is it sure which files there are.
        const owner = listOwners(dir, destination).find((owner) => owner.path === path);
        if (owner !== undefined) await adopt(owner);
      } finally {
        release();
      }
    }
  }

  async function adopt({ path, segments }: Owner): Promise<void> {
    let count = 0;
    for (const segment of segments) {
      const replayedCount = await replayer.replay(segment);
      if (replayedCount === undefined) return;
      removeFile(segment);
      count += replayedCount;
    }
    if (count > 0) log.info("track.replayed", { owner: path, count });
  }

  async function adoptSafely(): Promise<void> {
    try {
      await adoptAll();
    } catch (error) {
      // It stays for the next time, like everything a replay did not finish.
      log.warn("track.adoption_failed", { dir, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  function run(): void {
    running ??= adoptSafely().finally(() => (running = undefined));
  }

  return {
    start() {
      if (stopped || timer !== undefined) return;
      timer = setInterval(run, everyMs);
      timer.unref();
      run();
    },
    adoptOnce: adoptSafely,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
