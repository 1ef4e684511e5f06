import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { MoveServices } from "../cli/move-services.ts";
import { type Config, withoutPassword } from "../config/config.ts";
import { invalidInput, UptakeError } from "../domain/errors.ts";
import type { Logger } from "../domain/logger.ts";
import type { Database } from "../store/database.ts";
import { openEmbedded } from "../store/embedded.ts";
import { migrate } from "../store/migrate.ts";
import { move, planMove } from "../store/move/move.ts";
import { markMoved } from "../store/moved-mark.ts";
import { openPostgres } from "../store/postgres.ts";
import { replaySpool, spoolFilesFor } from "./assemble-recorder.ts";
import type { Closers } from "./closers.ts";

/** What `uptake move` does: from the embedded database of the configuration to its Postgres. */
export function createMoveServices(
  config: Config,
  { log, closers }: { readonly log: Logger; readonly closers: Closers },
): MoveServices {
  const embedded: Config = { ...config, databaseUrl: null };

  async function openBoth(): Promise<{ source: Database; target: Database; sourceName: string }> {
    const { databaseUrl, dataDir } = config;
    if (databaseUrl === null) throw invalidInput("--to", "missing; expected postgres://user:password@host/database");
    if (!existsSync(join(dataDir, "PG_VERSION"))) {
      throw invalidInput("--data-dir", `there is no embedded database in ${dataDir}`);
    }
    const source = await openEmbedded({ dataDir });
    closers.push(() => source.close());
    const target = await openPostgres({ url: databaseUrl, maxConnections: 2 });
    closers.push(() => target.close());
    return { source, target, sourceName: realpathSync(dataDir) };
  }

  return {
    async plan() {
      const { source, target, sourceName } = await openBoth();
      const report = await planMove({ source, target }, sourceName);
      return { ...report, spoolFileCount: spoolFilesFor(embedded).length };
    },
    async move(onProgress, signal) {
      const { source, target, sourceName } = await openBoth();
      await takeInSpool(embedded, source, log);
      const place = withoutPassword(config.databaseUrl ?? "");
      const onVerified = (): void => markMoved(sourceName, place);
      return move({ source, target }, { sourceName, onProgress, onVerified, signal });
    },
    target: () => (config.databaseUrl === null ? "" : withoutPassword(config.databaseUrl)),
  };
}

/** What killed processes left in the spool belongs to the embedded database, so that gets it first. */
async function takeInSpool(embedded: Config, source: Database, log: Logger): Promise<void> {
  await migrate(source);
  await replaySpool(embedded, { db: source, log });
  const left = spoolFilesFor(embedded);
  if (left.length === 0) return;
  throw new UptakeError(
    "move_refused",
    `Records in ${left.join(", ")} could not be written to the embedded database. Stop the process that owns them, or see the warnings above, and move again. Nothing was moved.`,
    { facts: { files: left } },
  );
}
