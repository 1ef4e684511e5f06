import type { Database, Queryable } from "../database.ts";
import { lineOf, listFilled, setExactTexts, type MovableTable } from "./movable-tables.ts";
import { noteMoved, refused } from "./move-ledger.ts";

/** So many rows a statement; a row may hold a whole trace. */
const BATCH = 200;

export type CopyOptions = {
  /** What the ledger calls the place that the rows come from. */
  readonly sourceName: string;
  readonly onCopied: (rowCount: number) => void;
  readonly signal: AbortSignal;
};

type Line = { readonly line: string };

/**
 * Copies one table in one transaction of the target: it is there whole and noted, or not at all. Its triggers rest in that
 * transaction and for nobody else, so nothing is queued for the mirror or counted a second time.
 */
export async function copyTable(
  { source, target }: { readonly source: Database; readonly target: Database },
  table: MovableTable,
  { sourceName, onCopied, signal }: CopyOptions,
): Promise<void> {
  await target.transaction(async (tx) => {
    await setExactTexts(tx);
    // Locks out writers, so that the table stays as empty as it is found here.
    await tx.query(`alter table public.${table.name} disable trigger user`);
    if ((await listFilled(tx, [table.name])).length > 0) {
      throw refused(
        `Somebody else writes to ${table.name} in the target. Stop what uses it, and use an empty database.`,
      );
    }
    await source.transaction(async (from) => {
      await setExactTexts(from);
      await from.query(`declare moving no scroll cursor for select ${lineOf(table)} as line from public.${table.name}`);
      for (;;) {
        if (signal.aborted) throw new Stopped();
        const lines = (await from.query<Line>(`fetch ${BATCH} from moving`)).map(({ line }) => line);
        if (lines.length === 0) break;
        await insertLines(tx, table, lines);
        onCopied(lines.length);
      }
      for (const sequence of table.sequences) await copySequence(from, tx, sequence);
    });
    await tx.query(`alter table public.${table.name} enable trigger user`);
    await noteMoved(tx, sourceName, table);
  });
}

/** Told to stop: the transaction in hand is taken back. */
export class Stopped extends Error {}

/** What Postgres says it has stored is compared with what it was given, row by row. */
async function insertLines(tx: Queryable, table: MovableTable, lines: readonly string[]): Promise<void> {
  const columns = table.columns.join(", ");
  const stored = await tx.query<Line>(
    `insert into public.${table.name} (${columns}) overriding system value
     select ${columns} from unnest($1::public.${table.name}[])
     returning ${lineOf(table)} as line`,
    [lines],
  );
  const given = [...lines].sort();
  const differs = stored
    .map(({ line }) => line)
    .sort()
    .findIndex((line, position) => line !== given[position]);
  if (stored.length !== lines.length || differs >= 0) {
    throw refused(`A row of ${table.name} was stored otherwise than it was given. Nothing of the table was kept.`, {
      table: table.name,
    });
  }
}

async function copySequence(from: Queryable, tx: Queryable, sequence: string): Promise<void> {
  const [state] = await from.query<{ last: number; called: boolean }>(
    `select last_value as last, is_called as called from ${sequence}`,
  );
  if (state !== undefined) await tx.query("select setval($1, $2, $3)", [sequence, state.last, state.called]);
}
