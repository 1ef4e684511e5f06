import type { Queryable } from "../database.ts";

/** "rollup" as a number; any constant will do as long as nobody else uses it. */
const LOCK = 0x726f6c6c7570;

/** Waits until no other transaction repairs the rollup, or drops what it is made from. A statement of its own, so that the next one sees what that one did. */
export async function lockRollupRepair(tx: Queryable): Promise<void> {
  await tx.query("select pg_advisory_xact_lock($1)", [LOCK]);
}
