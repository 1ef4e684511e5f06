import type { Config, LangfuseKeys } from "../config/config.ts";
import type { Logger } from "../domain/logger.ts";
import { DEFAULT_THRESHOLDS, type OutcomeThresholds } from "../domain/outcome.ts";
import { createFeedbackService, type FeedbackService } from "../feedback/feedback-service.ts";
import { createLangfuseClient } from "../langfuse/client.ts";
import { createNightlyCheck } from "../metrics/nightly-check.ts";
import { createRoller, type Roller } from "../metrics/roller.ts";
import { createMirror, type Mirror } from "../mirror/mirror.ts";
import type { Database } from "../store/database.ts";
import { createLazyDatabase } from "../store/lazy-database.ts";
import { migrate } from "../store/migrate.ts";
import { openDatabase } from "../store/open-database.ts";
import { createTracker, type Tracker } from "../track/tracker.ts";
import { assembleRecorder } from "./assemble-recorder.ts";

/** One request to Langfuse takes at most this long; the mirror's lease is longer. */
const LANGFUSE_TIMEOUT_MS = 20_000;
const ROLL_EVERY_MS = 1000;

export type AssembleOptions = {
  readonly log: Logger;
  readonly thresholds?: OutcomeThresholds | undefined;
  /** Run mirror and roller in this process, from the moment the database is open. */
  readonly worker: boolean;
  /** Empties the embedded database's directory first. */
  readonly fresh?: boolean | undefined;
};

/** The parts of Uptake put together over one database. Nothing is open before the first use or `start`. */
export type Parts = {
  readonly db: Database;
  readonly tracker: Tracker;
  readonly feedback: FeedbackService;
  readonly roller: Roller;
  /** Null where no Langfuse is set: rows wait in the outbox until one is. */
  readonly mirror: Mirror | null;
  /** Opens and migrates the database and starts the worker; using any part does the same. Throws what keeps it from opening. */
  start(): Promise<void>;
  /** Commits what waits, finishes the batch in flight, closes everything in reverse; once. */
  close(): Promise<void>;
};

export function assemble(config: Config, options: AssembleOptions): Parts {
  const log = harmless(options.log);
  const db = createLazyDatabase(config.databaseUrl === null ? "embedded" : "postgres", async () => {
    const opened = await openDatabase({ ...config, fresh: options.fresh === true });
    try {
      await migrate(opened);
    } catch (error) {
      await opened.close();
      throw error;
    }
    startReplay();
    if (options.worker) startWorker();
    return opened;
  });

  const { recorder, startReplay } = assembleRecorder(config, { db, log, inMemoryOnly: options.fresh === true });
  const { projectId, environment, release } = config;
  const tracker = createTracker({ recorder, projectId, environment, release, now: Date.now, log });
  const feedback = createFeedbackService({
    db,
    projectId,
    now: () => new Date(),
    thresholds: options.thresholds ?? DEFAULT_THRESHOLDS,
    flushSuggestions: () => tracker.flush(),
  });
  const roller = createRoller({ db, log, everyMs: ROLL_EVERY_MS });
  const nightlyCheck = createNightlyCheck({ db, log, now: Date.now });
  const mirror = config.langfuse === null ? null : mirrorInto(config.langfuse, db, log);

  function startWorker(): void {
    roller.start();
    nightlyCheck.start();
    mirror?.start();
  }

  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    // A database that is just being made takes longer than a flush may; what waits for it is not lost for that.
    await tracker.flush().catch(() => {});
    await db.settled();
    await tracker.close();
    await mirror?.stop();
    await nightlyCheck.stop();
    await roller.stop();
    await db.close();
  }

  return {
    db,
    tracker,
    feedback,
    roller,
    mirror,
    async start() {
      await db.query("select 1");
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

/** The application's logger. One that throws must not end the mirror or the roller, let alone the process. */
function harmless(log: Logger): Logger {
  const quietly =
    (level: keyof Logger): Logger["info"] =>
    (event, facts) => {
      try {
        log[level](event, facts);
      } catch {
        // Nobody is left to tell.
      }
    };
  return { info: quietly("info"), warn: quietly("warn"), error: quietly("error") };
}

function mirrorInto(keys: LangfuseKeys, db: Database, log: Logger): Mirror {
  const langfuse = createLangfuseClient({ ...keys, fetch: globalThis.fetch, timeoutMs: LANGFUSE_TIMEOUT_MS });
  return createMirror({ db, langfuse, log, now: Date.now, random: Math.random });
}
