import type { Database } from "./database.ts";
import { openEmbedded, type EmbeddedOptions } from "./embedded.ts";
import { openPostgres } from "./postgres.ts";

/** Opens the Postgres behind the URL, or without one the embedded database. Tables are `migrate`'s work. */
export function openDatabase(where: EmbeddedOptions & { readonly databaseUrl: string | null }): Promise<Database> {
  return where.databaseUrl === null ? openEmbedded(where) : openPostgres({ url: where.databaseUrl });
}
