import type { InitServices } from "../cli/init-services.ts";
import type { Config } from "../config/config.ts";
import { readMigrations } from "../store/migrate.ts";
import { migrationScript, migrationsIn, tablesIn } from "../store/migration-script.ts";
import { openPostgres } from "../store/postgres.ts";
import { readSchemaState } from "../store/schema-state.ts";

/** A database that does not answer keeps nobody from making files. */
const LOOK_TIMEOUT_MS = 3_000;

export function createInitServices(config: Config): InitServices {
  return {
    async lookAtTables() {
      if (config.databaseUrl === null) return null;
      const db = await openPostgres({ url: config.databaseUrl, maxConnections: 1, timeoutMs: LOOK_TIMEOUT_MS });
      try {
        return await readSchemaState(db);
      } finally {
        await db.close();
      }
    },
    migrationFile: ({ files, isPublicExposed }) =>
      migrationScript({ without: new Set(files.flatMap(migrationsIn)), isPublicExposed }),
    tablesInTheWay(files) {
      const ours = new Set(readMigrations().flatMap(({ sql }) => tablesIn(sql)));
      const theirs = files.filter((sql) => migrationsIn(sql).length === 0).flatMap(tablesIn);
      return [...new Set(theirs)].filter((name) => ours.has(name)).sort();
    },
  };
}
