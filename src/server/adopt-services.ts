import type { AdoptServices } from "../cli/adopt-services.ts";
import type { Config } from "../config/config.ts";
import { UptakeError } from "../domain/errors.ts";
import { adopt, type AdoptSettings, planAdoption } from "../store/adoption/adopt.ts";
import { backfillOutcomes } from "../store/adoption/backfill.ts";
import { planRemoval, removeAdoption } from "../store/adoption/remove.ts";
import type { Database } from "../store/database.ts";
import { openPostgres } from "../store/postgres.ts";
import type { Closers } from "./closers.ts";

/** What `uptake adopt` does, over a database that it opens without migrating it. */
export function createAdoptServices({ databaseUrl, projectId, environment }: Config, closers: Closers): AdoptServices {
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

  const settings = (options: Pick<AdoptSettings, "functionName" | "lockTimeoutMs">): AdoptSettings => ({
    ...options,
    projectId,
    environment,
  });

  return {
    plan: async (options) => planAdoption(await open(), settings(options)),
    async adopt(options, report, signal) {
      const db = await open();
      await adopt(db, settings(options), report);
      const decidedCount = await backfillOutcomes(db, {
        signal,
        onProgress: (done) => report({ kind: "backfill", what: "decided by old feedback", done, total: null }),
      });
      return { decidedCount, interrupted: signal.aborted };
    },
    planRemoval: async () => planRemoval(await open()),
    remove: async (options) => removeAdoption(await open(), options),
  };
}
