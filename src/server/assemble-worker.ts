import type { Config, LangfuseKeys } from "../config/config.ts";
import { createPendingMeters, type PendingMeters } from "../desk/pending/pending-meters.ts";
import type { Instruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import { createExpirer, type Expirer } from "../feedback/expirer.ts";
import type { Privacy } from "../domain/privacy.ts";
import type { Inference } from "../feedback/inferred.ts";
import { createInferrer } from "../feedback/inferrer.ts";
import { createLangfuseClient, type LangfuseClient } from "../langfuse/client.ts";
import { measuredFetch } from "../langfuse/measured-fetch.ts";
import { createHostMetrics } from "../metrics/host-metrics.ts";
import { createNightlyCheck } from "../metrics/nightly-check.ts";
import { createRoller, type Roller } from "../metrics/roller.ts";
import { createEraser, type Eraser } from "../mirror/eraser.ts";
import { createMirror, type Mirror } from "../mirror/mirror.ts";
import type { Database } from "../store/database.ts";
import { createPartitionKeeper, type PartitionKeeper } from "../store/partitions/partition-keeper.ts";
import { createRetentionKeeper, type RetentionKeeper } from "../store/retention/retention-keeper.ts";
import { readBacklog } from "../store/queries/read-backlog.ts";
import { gaugeBacklog } from "./backlog-gauges.ts";

/** One request to Langfuse takes at most this long; the mirror's lease is longer. */
const LANGFUSE_TIMEOUT_MS = 20_000;
const ROLL_EVERY_MS = 1000;
/** An hour is written within half a minute of its end. */
const WRITE_HOURS_EVERY_MS = 30_000;
/** Windows are minutes at least, and days mostly. */
const EXPIRE_EVERY_MS = 60_000;
const INFER_EVERY_MS = 10_000;
/** What a person says comes within this of what they send, mostly. */
const INFER_AFTER_MS = 60_000;
/** Partitions are months. */
const KEEP_PARTITIONS_EVERY_MS = 3_600_000;
/** Langfuse takes its time to delete. */
const ERASE_EVERY_MS = 60_000;

/** What every part is given. */
export type Base = {
  readonly db: Database;
  readonly log: Logger;
  readonly instruments: Instruments;
  readonly privacy: Privacy;
};

/** What a worker does beside the application, each by itself; a process that is no worker may still use one by hand. */
export type WorkerParts = {
  readonly roller: Roller;
  readonly expirer: Expirer;
  readonly partitions: PartitionKeeper;
  readonly retention: RetentionKeeper;
  readonly eraser: Eraser;
  /** Null where no Langfuse is set: rows wait in the outbox until one is. */
  readonly mirror: Mirror | null;
  /** Told by whoever runs pending rows in this process. */
  readonly pendingMeters: PendingMeters;
  startWorker(): void;
  /** Each ends what it has in hand. */
  stopWorker(): Promise<void>;
};

export function assembleWorker(
  { langfuse: keys, projectId, expiry, retainMonths, retention: ages }: Config,
  { inference, ...base }: Base & { readonly inference: Inference },
): WorkerParts {
  const { db, log, instruments } = base;
  const roller = createRoller({ ...base, everyMs: ROLL_EVERY_MS });
  const hostMetrics = createHostMetrics({ db, log, projectId, now: Date.now, everyMs: WRITE_HOURS_EVERY_MS });
  const nightlyCheck = createNightlyCheck({ db, log, now: Date.now });
  const expirer = createExpirer({ db, log, projectId, windows: expiry, everyMs: EXPIRE_EVERY_MS });
  const inferring = { everyMs: INFER_EVERY_MS, waitMs: INFER_AFTER_MS, now: () => new Date() };
  const inferrer = createInferrer({ ...base, ...inference, ...inferring });
  const partitions = createPartitionKeeper({
    db,
    log,
    retainMonths,
    now: Date.now,
    everyMs: KEEP_PARTITIONS_EVERY_MS,
  });
  const retention = createRetentionKeeper({ db, log, ages, now: Date.now });
  const langfuse = keys === null ? null : clientOf(keys, base);
  const mirror = langfuse === null ? null : createMirror({ ...base, langfuse, now: Date.now, random: Math.random });
  const eraser = createEraser({ db, langfuse, log, now: Date.now, everyMs: ERASE_EVERY_MS });
  const pendingMeters = createPendingMeters(instruments);
  gaugeBacklog(instruments, () => readBacklog(db));
  const forgetting = [partitions, retention, eraser];
  const all = [
    roller,
    hostMetrics,
    nightlyCheck,
    inferrer,
    expirer,
    ...forgetting,
    ...(mirror === null ? [] : [mirror]),
  ];

  return {
    roller,
    expirer,
    partitions,
    retention,
    eraser,
    mirror,
    pendingMeters,
    startWorker() {
      for (const part of all) part.start();
    },
    async stopWorker() {
      for (const part of all.toReversed()) await part.stop();
    },
  };
}

function clientOf(keys: LangfuseKeys, { instruments }: Base): LangfuseClient {
  const fetch = measuredFetch(globalThis.fetch, instruments);
  return createLangfuseClient({ ...keys, fetch, timeoutMs: LANGFUSE_TIMEOUT_MS });
}
