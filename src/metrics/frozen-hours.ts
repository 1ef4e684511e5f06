import { invalidInput } from "../domain/errors.ts";
import { type Hour, startOfHour } from "../domain/hour.ts";
import type { Database, Queryable } from "../store/database.ts";
import { lockRollupRepair } from "../store/queries/lock-rollup-repair.ts";
import { readFrozenBefore } from "../store/queries/read-frozen-before.ts";

/**
 * What was counted of suggestions that retention has dropped is all that is left of them, and to recompute their hours would
 * make them nothing. So whoever recomputes begins after them: with `fromHour`, and `frozenBefore` to be told to people.
 */
export async function withoutFrozen(
  db: Queryable,
  fromHour: Hour,
): Promise<{ readonly fromHour: Hour; readonly frozenBefore: Date | null }> {
  const frozen = await readFrozenBefore(db);
  if (frozen === null || frozen <= fromHour) return { fromHour, frozenBefore: null };
  return { fromHour: frozen, frozenBefore: startOfHour(frozen) };
}

/**
 * Reads suggestions and what was counted of them while nothing is dropped: dropping takes rows away from statements that
 * are under way, whatever their snapshot. Resolves to nothing where all the hours are frozen.
 */
export function readUnfrozen<Row>(
  db: Database,
  [fromHour, toHour]: readonly [Hour, Hour],
  read: (tx: Queryable, fromHour: Hour, toHour: Hour) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  return db.transaction(async (tx) => {
    await lockRollupRepair(tx);
    const since = (await withoutFrozen(tx, fromHour)).fromHour;
    return since < toHour ? read(tx, since, toHour) : [];
  });
}

/** What is read from the suggestions themselves cannot be told of those that are dropped: an unknown, which is no zero. */
export async function refuseFrozen(db: Queryable, fromHour: Hour, what: string): Promise<void> {
  const { frozenBefore } = await withoutFrozen(db, fromHour);
  if (frozenBefore === null) return;
  const until = frozenBefore.toISOString();
  const problem = `${what} is read from the suggestions, and retention has dropped those before ${until}: ask from then on`;
  throw invalidInput("--from", problem, { frozenBefore: until });
}
