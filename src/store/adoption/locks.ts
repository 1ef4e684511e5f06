export type LockRequest = {
  readonly tables: readonly string[];
  readonly mode: "access exclusive" | "share row exclusive";
  readonly lockTimeoutMs: number;
};

/**
 * The order in which the host's own statements mostly take them: its job writes the first while it reads the next two, and a
 * foreign key leads from each to the one after it.
 */
const USUAL_ORDER = ["aggregated_metrics", "ai_feedback_events", "ai_suggestions", "ticket_messages"];

/**
 * Statements that lock tables of the host's before anything else is done to them, one that is not there aside. Only the
 * first lock is waited for as long as one may. While we wait for another, somebody who has that one may wait for the first:
 * Postgres, which looks for such circles after `deadlock_timeout`, would end whoever it comes upon. So we give up before;
 * all locks are asked for in one statement, since between two a busy machine may take that long.
 */
export function lockStatements({ tables, mode, lockTimeoutMs }: LockRequest): string[] {
  const inOrder = [...tables].sort((a, b) => USUAL_ORDER.indexOf(a) - USUAL_ORDER.indexOf(b));
  return [
    `set local lock_timeout = '${lockTimeoutMs}ms'`,
    `do $$
declare
  wanted text[] := array(
    select name from unnest(array[${inOrder.map((name) => `'${name}'`).join(", ")}]::text[]) with ordinality as t (name, place)
    where to_regclass('public.' || name) is not null order by place);
  others_ms integer := (select greatest(1, least(${lockTimeoutMs}, setting::integer / (2 * cardinality(wanted))))
    from pg_settings where name = 'deadlock_timeout');
  name text;
begin
  foreach name in array wanted loop
    execute format('lock table public.%I in ${mode} mode', name);
    perform set_config('lock_timeout', others_ms::text, true);
  end loop;
end $$`,
  ];
}
