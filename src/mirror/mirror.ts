import { type MirrorStatus, readMirrorStatus } from "../store/queries/read-mirror-status.ts";
import { createBell } from "./bell.ts";
import { createLanes } from "./lanes.ts";
import { type MirrorDeps, withDefaults } from "./mirror-settings.ts";

export type { MirrorDeps, MirrorStatus };

export type Mirror = {
  /**
   * Starts copying to Langfuse in the background; called again it does nothing. While it rests it does not hold the
   * process: a program that is only a worker has to stay up by itself.
   */
  start(): void;
  /** Finishes what is under way, gives back what was not tried, and stops; called again it returns the same promise. */
  stop(): Promise<void>;
  /**
   * Delivers until nothing is due, in doubt or in a worker's hands, or until the signal. Feedback that waits for its
   * suggestion and dead letters stay. While Langfuse is away it goes on trying, so give it a signal.
   */
  drain(signal?: AbortSignal): Promise<void>;
  status(): Promise<MirrorStatus>;
};

/** Notified by the triggers that write the outbox. */
const CHANNEL = "uptake_outbox";

/** How long the database may take to note that the requests under way were given up. */
const SETTLE_MS = 3_000;

/**
 * Copies what the outbox names to Langfuse: never lost, because a message leaves the outbox only together with its
 * line in the ledger; never twice, because a message in doubt is looked up in Langfuse before it is sent again.
 *
 * @example
 * const mirror = createMirror({ db, langfuse, log, now: Date.now, random: Math.random });
 * mirror.start();
 * // …
 * await mirror.stop();
 */
export function createMirror(deps: MirrorDeps): Mirror {
  const settings = withDefaults(deps);
  const { db, log } = settings;
  const bell = createBell();
  const lanes = createLanes(settings, bell);
  const running = new Set<Promise<void>>();
  let isStarted = false;
  let isStopping = false;
  let stopped: Promise<void> | undefined;
  let listening: Promise<() => Promise<void>> | undefined;

  async function track(run: Promise<void>): Promise<void> {
    running.add(run);
    await run.finally(() => running.delete(run));
  }

  async function stopAll(): Promise<void> {
    isStopping = true;
    bell.ring();
    const unlistened = listening?.then((unlisten) => unlisten()).catch(() => {});
    const work = Promise.all([...running, unlistened]);
    if (await endsWithin(work, settings.stopDeadlineMs)) return;
    settings.langfuse.giveUp();
    if (!(await endsWithin(work, SETTLE_MS)))
      log.warn("mirror.stop_deadline", { remedy: "what was under way is read back after its lease" });
  }

  return {
    start() {
      if (isStarted || isStopping) return;
      isStarted = true;
      listening = db.listen(CHANNEL, () => bell.ring());
      // What was committed between the first look and the listening made no sound.
      listening.then(
        () => bell.ring(),
        (error: unknown) => log.warn("mirror.listen_failed", { error: String(error) }),
      );
      void track(lanes.run({ halted: () => isStopping, endsWhenSettled: false }));
    },
    stop() {
      stopped ??= stopAll();
      return stopped;
    },
    async drain(signal) {
      const wake = (): void => bell.ring();
      signal?.addEventListener("abort", wake);
      const halted = (): boolean => isStopping || signal?.aborted === true;
      await track(lanes.run({ halted, endsWhenSettled: true })).finally(() =>
        signal?.removeEventListener("abort", wake),
      );
    },
    status: () => readMirrorStatus(db),
  };
}

async function endsWithin(work: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  const isDone = await Promise.race([work.then(() => true), deadline]);
  clearTimeout(timer);
  return isDone;
}
