import type { AdoptEvent, AdoptServices, BackfillReport } from "../cli/adopt-services.ts";
import type { Config } from "../config/config.ts";
import { UptakeError } from "../domain/errors.ts";
import { hourOf, startOfHour } from "../domain/hour.ts";
import type { Logger } from "../domain/logger.ts";
import { backfillRollup } from "../metrics/backfill-rollup.ts";
import { createRoller } from "../metrics/roller.ts";
import { backfill } from "../mirror/backfill.ts";
import { adopt, type AdoptSettings, planAdoption } from "../store/adoption/adopt.ts";
import { backfillOutcomes } from "../store/adoption/backfill.ts";
import { planRemoval, removeAdoption } from "../store/adoption/remove.ts";
import type { Database } from "../store/database.ts";
import { openPostgres } from "../store/postgres.ts";
import { readAdoptedAt } from "../store/queries/read-adopted-at.ts";
import { readFirstHour } from "../store/queries/read-first-hour.ts";
import type { Closers } from "./closers.ts";

type TakeIn = {
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly report: (event: AdoptEvent) => void;
};

/** What `uptake adopt` does, over a database that it opens without migrating it. */
export function createAdoptServices(
  { databaseUrl, projectId, environment }: Config,
  { log, closers }: { readonly log: Logger; readonly closers: Closers },
): AdoptServices {
  let opened: Promise<Database> | undefined;

  function open(): Promise<Database> {
    if (databaseUrl === null) {
      const message =
        "DATABASE_URL: not set; adopt attaches to a Postgres that an application already uses, so say which";
      throw new UptakeError("invalid_configuration", message);
    }
    opened ??= openPostgres({ url: databaseUrl }).then((db) => {
      closers.push(() => db.close());
      return db;
    });
    return opened;
  }

  const settings = (options: Pick<AdoptSettings, "functionName" | "lockTimeoutMs" | "infer">): AdoptSettings => ({
    ...options,
    projectId,
    environment,
  });

  return {
    plan: async (options) => planAdoption(await open(), settings(options)),
    async adopt(options, report, signal) {
      const db = await open();
      await adopt(db, settings(options), report);
      return takeInOldRows(db, { log, signal, report });
    },
    planRemoval: async () => planRemoval(await open()),
    remove: async (options) => removeAdoption(await open(), options),
  };
}

/** What was there before: decided, counted and queued for the mirror, each so that it may be stopped and begun anew. */
async function takeInOldRows(db: Database, { log, signal, report }: TakeIn): Promise<BackfillReport> {
  const told = (what: string) => (done: number, total: number | null) =>
    report({ kind: "backfill", what, done, total });
  const decidedCount = await backfillOutcomes(db, { signal, onProgress: (done) => told("decided")(done, null) });
  const firstHour = await readFirstHour(db);
  if (firstHour === null) return { decidedCount, countedHourCount: 0, enqueuedCount: 0, interrupted: signal.aborted };
  // An hour further than to the end of the one in which we began to come: until the lock was ours the host wrote on, and by
  // clocks of its own. What is inserted since is counted by our triggers, and a repair knows that.
  const range = { from: startOfHour(firstHour), to: startOfHour(hourOf(await readAdoptedAt(db)) + 2) };
  const roller = createRoller({ db, log });
  const counted = await backfillRollup({ db, roller }, { ...range, signal, onProgress: told("hours counted") });
  const mirrored = await backfill(db, {
    range,
    dryRun: false,
    force: false,
    signal,
    onProgress: told("queued for Langfuse"),
  });
  return {
    decidedCount,
    countedHourCount: counted.hourCount,
    enqueuedCount: mirrored.traceCount + mirrored.feedbackCount,
    interrupted: signal.aborted,
  };
}
