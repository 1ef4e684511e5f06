import { hostname } from "node:os";
import { newId } from "../domain/ids.ts";
import type { Logger } from "../domain/logger.ts";
import { createPeriodic } from "../domain/periodic.ts";
import type { WorkerKind } from "../domain/worker-report.ts";
import { UPTAKE_VERSION } from "../langfuse/version.ts";
import type { Queryable } from "../store/database.ts";
import { noteWorker } from "../store/queries/note-worker.ts";
import type { LastAct } from "./last-act.ts";

export type WorkerRegisterOptions = {
  readonly db: Queryable;
  readonly log: Logger;
  readonly kind: WorkerKind;
  /** By the clock of `now`. */
  readonly lastAct: () => LastAct | null;
  readonly now: () => number;
  readonly everyMs: number;
};

/** Notes in the database that this process works on it, for people to see. Nothing waits for it, and nothing hangs on it. */
export type WorkerRegister = {
  start(): void;
  /** Notes that the process ends. */
  stop(): Promise<void>;
};

export function createWorkerRegister({ db, log, kind, lastAct, now, everyMs }: WorkerRegisterOptions): WorkerRegister {
  const self = { id: newId(), kind, host: hostname(), pid: process.pid, version: UPTAKE_VERSION };
  let isNoted = false;
  let hasFailed = false;
  let stopped: Promise<void> | undefined;

  async function note(isStopped: boolean): Promise<void> {
    const last = lastAct();
    const lastActAgoMs = last === null ? null : Math.max(0, now() - last.atMs);
    try {
      await noteWorker(db, { ...self, lastAct: last?.act ?? null, lastActAgoMs, isStopped });
      isNoted = true;
      hasFailed = false;
    } catch (error) {
      isNoted = false;
      // Once: the parts that matter say by themselves that the database is away.
      if (!hasFailed) log.warn("worker.not_noted", { message: String(error) });
      hasFailed = true;
    }
  }

  const periodic = createPeriodic(async () => {
    await note(false);
    return everyMs;
  });

  async function end(): Promise<void> {
    await periodic.stop();
    // Where the database was away a moment ago, ending does not wait for it.
    if (isNoted) await note(true);
  }

  return {
    start: periodic.start,
    stop: () => (stopped ??= end()),
  };
}
