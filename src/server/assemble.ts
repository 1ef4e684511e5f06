import type { Config } from "../config/config.ts";
import type { Instruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import type { CostOf, ModelPrices } from "../domain/prices.ts";
import {
  createFeedbackService,
  type FeedbackService,
  type FeedbackSettings,
  inferenceOf,
} from "../feedback/feedback-service.ts";
import type { Privacy } from "../domain/privacy.ts";
import type { OwnRule } from "../privacy/own-rules.ts";
import type { Database } from "../store/database.ts";
import { createLazyDatabase } from "../store/lazy-database.ts";
import { migrate } from "../store/migrate.ts";
import { openDatabase } from "../store/open-database.ts";
import { createReading, READING, type Reading } from "../store/reading.ts";
import type { Recorder } from "../track/recorder.ts";
import { createTracker, type Tracker } from "../track/tracker.ts";
import { assembleRecorder, databaseStore } from "./assemble-recorder.ts";
import { tokenMaker } from "./token-maker.ts";
import { withDeskReasons } from "./desk-reasons.ts";
import { readCostOf } from "./read-prices.ts";
import { surroundings } from "./surroundings.ts";
import { assembleWorker, type Base, type WorkerParts } from "./assemble-worker.ts";

export type AssembleOptions = {
  readonly log: Logger;
  readonly feedback?: FeedbackSettings | undefined;
  /** Run mirror, roller, expirer and nightly check in this process, from the moment the database is open. */
  readonly worker: boolean;
  /** Empties the embedded database's directory first. */
  readonly fresh?: boolean | undefined;
  /** Masking rules beside the built-in ones. */
  readonly maskRules?: readonly OwnRule[] | undefined;
  /** Told what the parts do; nothing by default. */
  readonly instruments?: Instruments | undefined;
  /** Model prices over those of the configuration. */
  readonly prices?: ModelPrices | undefined;
};

/** The parts of Uptake put together over one database. Nothing is open before the first use or `start`. */
export type Parts = Pick<
  WorkerParts,
  "roller" | "expirer" | "partitions" | "retention" | "eraser" | "mirror" | "pendingMeters"
> & {
  readonly db: Database;
  /** The same for questions from outside, which may take too long. */
  readonly reading: Reading;
  readonly tracker: Tracker;
  /** Where finished runs are written; for parts of ours with a tracker of their own. */
  readonly recorder: Recorder;
  /** The price list, for the same. */
  readonly costOf: CostOf | undefined;
  readonly feedback: FeedbackService;
  /** What is done to texts before they are stored and before they leave. */
  readonly privacy: Privacy;
  /** Opens and migrates the database and starts the worker; using any part does the same. Throws what keeps it from opening. */
  start(): Promise<void>;
  /** Commits what waits, finishes the batch in flight, closes everything in reverse; once. */
  close(): Promise<void>;
};

export function assemble(config: Config, options: AssembleOptions): Parts {
  const { log, instruments, privacy } = surroundings(config, options);
  const costOf = readCostOf(config, options.prices);
  const db = createLazyDatabase(config.databaseUrl === null ? "embedded" : "postgres", async () => {
    const opened = await openMigrated(config, options.fresh === true);
    startReplay();
    if (options.worker) worker.startWorker();
    return opened;
  });

  const base: Base = { db, log, instruments, privacy };
  const { recorder, startReplay } = assembleRecorder(config, {
    ...base,
    store: databaseStore(config, db),
    inMemoryOnly: options.fresh === true,
  });
  const { projectId, environment, release } = config;
  const tokenOf = tokenMaker(config);
  const tracker = createTracker({ recorder, projectId, environment, release, now: Date.now, log, tokenOf, costOf });
  const feedback = createFeedbackService({
    db,
    projectId,
    privacy,
    now: () => new Date(),
    ...options.feedback,
    reasons: withDeskReasons(options.feedback?.reasons),
    flushSuggestions: () => tracker.flush(),
  });
  const worker = assembleWorker(config, { ...base, inference: inferenceOf(options.feedback ?? {}) });

  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    // A database that is just being made takes longer than a flush may; what waits for it is not lost for that.
    await tracker.flush().catch(() => {});
    await db.settled();
    await tracker.close();
    await worker.stopWorker();
    await db.close();
  }

  const { roller, expirer, partitions, retention, eraser, mirror, pendingMeters } = worker;
  return {
    db,
    reading: createReading(db, READING),
    tracker,
    recorder,
    costOf,
    feedback,
    privacy,
    roller,
    expirer,
    partitions,
    retention,
    eraser,
    mirror,
    pendingMeters,
    async start() {
      await db.query("select 1");
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

async function openMigrated(config: Config, fresh: boolean): Promise<Database> {
  const opened = await openDatabase({ ...config, fresh });
  try {
    await migrate(opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
  return opened;
}
