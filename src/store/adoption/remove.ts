import { UptakeError } from "../../domain/errors.ts";
import type { Database, Queryable } from "../database.ts";
import { openSchemaChange } from "../migrate.ts";
import { isAdopted } from "./adopted.ts";
import { ownIndexes } from "./indexes.ts";
import { lockStatements } from "./locks.ts";
import { listObjects, readNoted, type SchemaObject } from "./objects.ts";
import { retryWhileBlocked } from "./retry-while-blocked.ts";

const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Nothing cascades: what the host has built upon ours since then is not ours to drop. */
const DROPS: Readonly<Record<Exclude<SchemaObject["kind"], "table">, (object: SchemaObject) => string>> = {
  trigger: ({ name, onTable }) => `drop trigger ${ident(name)} on ${ident(onTable)}`,
  policy: ({ name, onTable }) => `drop policy ${ident(name)} on ${ident(onTable)}`,
  index: ({ name }) => `drop index ${ident(name)}`,
  constraint: ({ name, onTable }) => `alter table ${ident(onTable)} drop constraint ${ident(name)}`,
  column: ({ name, onTable }) => `alter table ${ident(onTable)} drop column ${ident(name)}`,
  view: ({ name }) => `drop view ${ident(name)}`,
  function: ({ name }) => `drop function ${name}`,
  type: ({ name }) => `drop type ${ident(name)}`,
};
/** Triggers first, since they hold functions and columns; then what stands on columns and tables. */
const ORDER: readonly SchemaObject["kind"][] = [
  "trigger",
  "policy",
  "view",
  "index",
  "constraint",
  "column",
  "table",
  "function",
  "type",
];

/** The statements that take away what {@link adopt} has added, and nothing else. Throws `adoption_refused`. */
export async function planRemoval(db: Queryable): Promise<readonly string[]> {
  const standing = await readStanding(db);
  if (standing.length === 0) {
    throw new UptakeError("adoption_refused", "this database is not adopted: there is nothing to remove");
  }
  return ORDER.flatMap((kind) => {
    const objects = standing.filter((object) => object.kind === kind);
    return kind === "table" ? dropTables(objects) : objects.map(DROPS[kind]);
  });
}

/** In one statement, since they refer to one another. */
const dropTables = (tables: readonly SchemaObject[]): string[] =>
  tables.length === 0 ? [] : [`drop table ${tables.map(({ name }) => ident(name)).join(", ")}`];

/**
 * What is ours, without what stands on our own tables and goes with them. Indexes by their names: they are made before
 * anything is noted, and noted after all else, so an adopting that did not come to its end leaves some without a note.
 */
async function readStanding(db: Queryable): Promise<readonly SchemaObject[]> {
  const indexes = ownIndexes(await listObjects(db));
  const noted = (await isAdopted(db)) ? await readNoted(db) : [];
  const ownTables = new Set(noted.filter(({ kind }) => kind === "table").map(({ name }) => name));
  const others = noted.filter(({ kind, name }) => !(kind === "index" && indexes.some((index) => index.name === name)));
  return [...indexes, ...others.filter(({ onTable }) => !ownTables.has(onTable))];
}

/**
 * Restores the schema that was there before {@link adopt}; what Uptake has recorded in its own tables and columns is gone
 * with them. All in one transaction, as patient with the host's locks as adopting is. Throws `adoption_refused`.
 */
export async function removeAdoption(db: Database, { lockTimeoutMs }: { lockTimeoutMs: number }): Promise<void> {
  await retryWhileBlocked(
    () => db.transaction((tx) => removeAll(tx, lockTimeoutMs)),
    () => {},
  );
}

async function removeAll(tx: Queryable, lockTimeoutMs: number): Promise<void> {
  await openSchemaChange(tx);
  const plan = await planRemoval(tx);
  const tables = [...new Set((await readStanding(tx)).map(({ onTable }) => onTable))].filter((name) => name !== "");
  for (const sql of lockStatements({ tables, mode: "access exclusive", lockTimeoutMs })) await tx.query(sql);
  for (const sql of plan) {
    await tx.query(sql).catch((error: unknown) => {
      throw isDependedUpon(error) ? dependedUpon(error) : error;
    });
  }
}

const DEPENDENT_OBJECTS = "2BP01";

const isDependedUpon = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && error.code === DEPENDENT_OBJECTS;

function dependedUpon(cause: Error): UptakeError {
  const detail = "detail" in cause ? String(cause.detail) : cause.message;
  const message = `something of the application stands on what is to go: ${detail}\nDrop it first. Nothing was changed.`;
  return new UptakeError("adoption_refused", message, { cause });
}
