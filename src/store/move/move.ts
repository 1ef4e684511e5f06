import type { MoveProgress, MoveReport, MovedTable } from "../../domain/move-report.ts";
import type { Database } from "../database.ts";
import { migrate } from "../migrate.ts";
import { readSchemaState } from "../schema-state.ts";
import { compareTable } from "./compare-table.ts";
import { copyTable, Stopped } from "./copy-table.ts";
import { countRows, listMovableTables, type MovableTable } from "./movable-tables.ts";
import { CREATE_MOVE, dropLedger, readMoved, refuseDifferent, refuseFilled, refused } from "./move-ledger.ts";

export type MoveOptions = {
  /** What the source is called in the target while the move is under way; the same when it is begun again. */
  readonly sourceName: string;
  readonly onProgress: MoveProgress;
  /** Once both sides are known to be the same, before the target forgets that it was filled. */
  readonly onVerified: () => void;
  readonly signal: AbortSignal;
};

type Sides = { readonly source: Database; readonly target: Database };

/**
 * Copies everything that the source holds into an empty target, table by table, and then compares both row by row. A table
 * is there whole or not at all, so a move that was stopped, even killed, is gone on with by calling this again.
 *
 * @throws UptakeError `move_refused` where the target is not empty or the two sides are not the same afterwards
 */
export async function move(sides: Sides, options: MoveOptions): Promise<MoveReport> {
  const { source, target } = sides;
  await migrate(source);
  await migrate(target);
  const tables = await listMovableTables(source);
  const inTarget = await listMovableTables(target);
  refuseDifferent(tables, inTarget);
  const moved = await readMoved(target, options.sourceName);
  await refuseFilled(target, tables, moved);
  await target.query(CREATE_MOVE);

  // Rows as texts are in the order of the target's columns.
  const toMove = tables.map((table) => ({
    ...table,
    columns: inTarget.find(({ name }) => name === table.name)?.columns ?? table.columns,
  }));
  try {
    const compared = await copyAndCompare(sides, toMove, moved, options);
    // In this order: killed in between, the source is not worked on any more, and the target is whole.
    options.onVerified();
    await dropLedger(target);
    return { tables: compared, resumedTableCount: moved.size, dryRun: false, interrupted: false };
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return { tables: [], resumedTableCount: moved.size, dryRun: false, interrupted: true };
  }
}

async function copyAndCompare(
  sides: Sides,
  tables: readonly MovableTable[],
  moved: ReadonlySet<string>,
  { sourceName, onProgress, signal }: MoveOptions,
): Promise<readonly MovedTable[]> {
  const counts = await countAll(sides.source, tables);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const counter = (step: "copied" | "compared") => {
    let done = 0;
    return (rowCount: number): void => onProgress(step, (done += rowCount), total);
  };
  const onCopied = counter("copied");
  for (const table of tables) {
    if (moved.has(table.name)) onCopied(counts.get(table.name) ?? 0);
    else await copyTable(sides, table, { sourceName, onCopied, signal });
  }
  const onCompared = counter("compared");
  const compared: MovedTable[] = [];
  for (const table of tables) {
    compared.push(await compareTable(sides, table, { onCompared, signal }));
    await sides.target.query(`analyze public.${table.name}`); // the planner knows nothing of rows that came all at once
  }
  return compared;
}

async function countAll(db: Database, tables: readonly MovableTable[]): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const table of tables) counts.set(table.name, await countRows(db, table));
  return counts;
}

/** What {@link move} would do, or throws what it would throw first; changes neither side. */
export async function planMove({ source, target }: Sides, sourceName: string): Promise<MoveReport> {
  await refuseUnready(source, "The embedded database", ["current", "behind"]);
  await refuseUnready(target, "The target", ["empty", "current", "behind"]);
  const tables = await listMovableTables(source);
  const inTarget = await listMovableTables(target);
  const there = tables.filter(({ name }) => inTarget.some((other) => other.name === name));
  const moved = await readMoved(target, sourceName);
  await refuseFilled(target, there, moved);
  const counts = await countAll(source, tables);
  return {
    tables: tables.map(({ name }) => ({ name, rowCount: counts.get(name) ?? 0, checksum: null })),
    resumedTableCount: moved.size,
    dryRun: true,
    interrupted: false,
  };
}

async function refuseUnready(db: Database, name: string, ready: readonly string[]): Promise<void> {
  const { kind, version, programVersion } = await readSchemaState(db);
  if (ready.includes(kind)) return;
  throw refused(
    `${name} cannot be used: its tables are ${kind} (version ${version}, this program's is ${programVersion}). uptake doctor says more.`,
    { state: kind, version, programVersion },
  );
}
