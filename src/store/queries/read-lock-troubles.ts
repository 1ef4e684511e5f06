import type { Queryable } from "../database.ts";

/** A session that is in others' way, or waits for one that is. */
export type LockTrouble = {
  readonly kind: "old_transaction" | "waiting";
  readonly pid: number;
  /** How long its transaction is open, or it waits. */
  readonly seconds: number;
  readonly application: string;
};

// The catalog's own clock: one statement, one snapshot. Autovacuum has transactions of its own, which are in nobody's way.
const sql = `
  select 'old_transaction' as kind, pid, extract(epoch from now() - xact_start)::double precision as seconds,
    application_name as application
  from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    and xact_start < now() - make_interval(secs => $1)
  union all
  select 'waiting', pid, extract(epoch from now() - state_change)::double precision, application_name
  from pg_stat_activity a
  where datname = current_database() and wait_event_type = 'Lock' and state_change < now() - make_interval(secs => $2)
  order by seconds desc
  limit 5
`;

/** Sessions of this database with a transaction older than `transactionSeconds`, or waiting for a lock for `waitSeconds`. */
export const readLockTroubles = (
  db: Queryable,
  limits: { readonly transactionSeconds: number; readonly waitSeconds: number },
): Promise<readonly LockTrouble[]> => db.query<LockTrouble>(sql, [limits.transactionSeconds, limits.waitSeconds]);
