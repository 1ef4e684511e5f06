import { existsSync, readFileSync } from "node:fs";
import type { Queryable } from "../database.ts";
import { addedObjects, listObjects, noteObjects, type SchemaObject } from "./objects.ts";

const directory = new URL("./sql/", import.meta.url);
const read = (file: URL): string => readFileSync(file, "utf8").replaceAll("\r\n", "\n");

/** What stands for a migration where the host has its tables already; undefined where the migration itself fits. */
export function substituteFor(migration: string): string | undefined {
  const file = new URL(`${migration}.sql`, directory);
  return existsSync(file) ? read(file) : undefined;
}

/** Row-level security, policies and grants of whatever {@link takeIn} has noted. Repeatable. */
export const rowSecurity = (): string => read(new URL("row-security.sql", directory));

export async function isAdopted(db: Queryable): Promise<boolean> {
  const [found] = await db.query<{ adopted: boolean }>(
    "select to_regclass('public.uptake_adoption') is not null as adopted",
  );
  return found?.adopted === true;
}

/** Notes what has come since `before` as ours, and closes it to everybody whom the host's policies keep out. */
export async function takeIn(tx: Queryable, before: readonly SchemaObject[]): Promise<void> {
  await noteObjects(tx, addedObjects(before, await listObjects(tx)));
  await tx.query(rowSecurity());
  await noteObjects(tx, addedObjects(before, await listObjects(tx)));
}
