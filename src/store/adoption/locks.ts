export type LockRequest = {
  /** In the order in which they are locked. */
  readonly tables: readonly string[];
  readonly mode: "access exclusive" | "share row exclusive";
  readonly lockTimeoutMs: number;
};

/**
 * Statements that lock tables of the host's before anything else is done to them, one that is not there aside. Only the
 * first lock is waited for as long as one may. While we wait for another, somebody who has that one may wait for the first:
 * Postgres, which looks for such circles after `deadlock_timeout`, would end whoever it comes upon. So we give up before.
 */
export function lockStatements({ tables, mode, lockTimeoutMs }: LockRequest): string[] {
  const [first, ...others] = tables.map((table) => lockStatement(table, mode));
  const shorter = `select set_config('lock_timeout', least(${lockTimeoutMs}, setting::integer / ${2 * others.length})::text, true)
from pg_settings where name = 'deadlock_timeout'`;
  return [
    `set local lock_timeout = '${lockTimeoutMs}ms'`,
    ...(first === undefined ? [] : [first]),
    ...(others.length === 0 ? [] : [shorter]),
    ...others,
  ];
}

const lockStatement = (table: string, mode: LockRequest["mode"]): string => `do $$ begin
  if to_regclass('public.${table}') is not null then
    lock table public.${table} in ${mode} mode;
  end if;
end $$`;
