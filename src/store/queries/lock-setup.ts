import type { Queryable } from "../database.ts";

/** Any constant will do as long as nobody else uses it: "setup" as a number. */
const SETUP_LOCK = 0x7365747570;

/** Waits until no other process sets Langfuse up; holds until the transaction ends. */
export async function lockSetup(tx: Queryable): Promise<void> {
  await tx.query("select pg_advisory_xact_lock($1)", [SETUP_LOCK]);
}
