import type { Queryable } from "../database.ts";

/** Any constant will do as long as nobody else uses it. */
const LOCK = 0x686f7374;

/** Takes, until the transaction ends, the right to write the host's metrics; false where another has it. */
export async function lockHostMetrics(tx: Queryable): Promise<boolean> {
  const [row] = await tx.query<{ taken: boolean }>("select pg_try_advisory_xact_lock($1) as taken", [LOCK]);
  return row?.taken === true;
}
