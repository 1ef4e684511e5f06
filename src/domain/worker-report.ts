/** What a process is that mirrors and adds up: a command, or an application with a worker of its own. */
export const WORKER_KINDS = ["serve", "worker", "demo", "replay", "application"] as const;
export type WorkerKind = (typeof WORKER_KINDS)[number];

/** What a worker can be seen to do. */
export const WORKER_ACTS = ["mirrored", "tried to mirror", "added up", "ran a pending row"] as const;
export type WorkerAct = (typeof WORKER_ACTS)[number];

/** `silent`: it has not been seen for longer than it should, and did not say that it ends. */
export const WORKER_STATES = ["running", "silent", "stopped"] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** One process as it was last seen; all times by the database's clock. */
export type SeenWorker = {
  readonly id: string;
  readonly kind: WorkerKind;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly state: WorkerState;
  readonly startedAt: Date;
  readonly seenAt: Date;
  /** Null until it has done anything. */
  readonly lastAct: WorkerAct | null;
  readonly lastActAt: Date | null;
};
