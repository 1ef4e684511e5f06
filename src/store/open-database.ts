import type { Database } from "./database.ts";
import { openEmbedded } from "./embedded.ts";
import { openPostgres } from "./postgres.ts";

/** Opens the Postgres behind the URL, or without one the embedded database in `dataDir`. Tables are `migrate`'s work. */
export function openDatabase({ databaseUrl, dataDir }: { databaseUrl?: string | null; dataDir: string }): Promise<Database> {
  return databaseUrl === undefined || databaseUrl === null || databaseUrl === ""
    ? openEmbedded({ dataDir })
    : openPostgres({ url: databaseUrl });
}
