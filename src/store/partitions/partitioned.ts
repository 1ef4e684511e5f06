import { existsSync, readFileSync } from "node:fs";
import type { Queryable } from "../database.ts";

const directory = new URL("./sql/", import.meta.url);

/** What follows a migration where the tables are partitioned; undefined where nothing does. */
export function additionTo(migration: string): string | undefined {
  const file = new URL(`${migration}.sql`, directory);
  return existsSync(file) ? readFileSync(file, "utf8").replaceAll("\r\n", "\n") : undefined;
}

export async function isPartitioned(db: Queryable): Promise<boolean> {
  const [found] = await db.query<{ partitioned: boolean }>(
    "select exists (select from pg_class where oid = to_regclass('public.ai_suggestions') and relkind = 'p') as partitioned",
  );
  return found?.partitioned === true;
}
