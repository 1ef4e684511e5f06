import { UptakeError } from "../../domain/errors.ts";
import { isAdopted } from "../adoption/adopted.ts";
import type { Queryable } from "../database.ts";
import { listFilled, type MovableTable } from "./movable-tables.ts";

// While a move is under way the target has a table that says from where, and which tables are whole there.

export const CREATE_MOVE = `
create table if not exists public.uptake_move (
  source text not null,
  table_name text primary key,
  moved_at timestamptz not null default now()
)`;

const exists = "select to_regclass('public.uptake_move') is not null as found";

export function refused(problem: string, facts: Readonly<Record<string, unknown>> = {}): UptakeError {
  return new UptakeError("move_refused", problem, { facts });
}

/** Tables that an earlier call has copied whole. */
export async function readMoved(target: Queryable, source: string): Promise<ReadonlySet<string>> {
  const [ledger] = await target.query<{ found: boolean }>(exists);
  if (ledger?.found !== true) return new Set();
  const rows = await target.query<{ source: string; name: string }>(
    `select source, table_name as name from public.uptake_move`,
  );
  const other = rows.find((row) => row.source !== source);
  if (other !== undefined) {
    throw refused(
      `The target holds part of a move from ${other.source}, not from ${source}. Finish that one, or use an empty database.`,
      { source, otherSource: other.source },
    );
  }
  return new Set(rows.map(({ name }) => name));
}

/** Refuses a target that is not ours to fill: with rows that no earlier call has copied, or an adopted application's. */
export async function refuseFilled(
  target: Queryable,
  tables: readonly MovableTable[],
  moved: ReadonlySet<string>,
): Promise<void> {
  if (await isAdopted(target)) {
    throw refused(
      "The target is the database of an adopted application (uptake adopt), which has its own rows. Use an empty database.",
    );
  }
  const names = tables.map(({ name }) => name).filter((name) => !moved.has(name));
  const filled = await listFilled(target, names);
  if (filled.length > 0) {
    throw refused(
      `The target is not empty: there are rows in ${filled.join(", ")}. Nothing was copied into them. Use an empty database.`,
      { tables: filled },
    );
  }
}

/** Refuses a pair of databases of which one table differs in its columns. */
export function refuseDifferent(source: readonly MovableTable[], target: readonly MovableTable[]): void {
  for (const table of source) {
    const other = target.find(({ name }) => name === table.name);
    if (other === undefined) throw refused(`The target has no table ${table.name}.`);
    if (shapeOf(other) !== shapeOf(table)) {
      throw refused(`Table ${table.name} has other columns in the target: ${shapeOf(other)}; here ${shapeOf(table)}.`);
    }
  }
}

/** Columns and types, whatever their order. */
const shapeOf = ({ columns, types }: MovableTable): string =>
  columns
    .map((column, position) => `${column} ${types[position]}`)
    .sort()
    .join(", ");

export async function noteMoved(tx: Queryable, source: string, { name }: MovableTable): Promise<void> {
  await tx.query("insert into public.uptake_move (source, table_name) values ($1, $2)", [source, name]);
}

export async function dropLedger(target: Queryable): Promise<void> {
  await target.query("drop table if exists public.uptake_move");
}
