import type { Queryable } from "../database.ts";

/** A message that is about to be sent, and whether some day's budget has it already. */
export type ChargedMessage = {
  readonly id: number;
  readonly projectId: string;
  readonly keptBy: string | null;
  readonly isChargedToday: boolean;
  /** Tried before, or mirrored before: it is not left out any more. */
  readonly isBegun: boolean;
};
export type DayUnits = { readonly projectId: string; readonly unitCount: number };

const read = `
  select
    o.id,
    o.project_id as "projectId",
    o.kept_by as "keptBy",
    coalesce(o.charged_on = $3::date, false) as "isChargedToday",
    o.charged_on is not null
      or exists (select from langfuse_deliveries d where d.kind = o.kind and d.ref = o.ref) as "isBegun"
  from langfuse_outbox o
  where o.id = any ($1::bigint[]) and o.locked_by = $2
`;

/** How held messages stand with the budget of the day. */
export const readCharged = (
  tx: Queryable,
  { ids, token, day }: { readonly ids: readonly number[]; readonly token: string; readonly day: string },
): Promise<readonly ChargedMessage[]> => tx.query<ChargedMessage>(read, [ids, token, day]);

const open = `
  insert into langfuse_days (project_id, day)
  select project_id, $2::date from unnest($1::text[]) as p (project_id) order by 1
  on conflict do nothing
`;
const lock = `
  select project_id as "projectId", unit_count as "unitCount"
  from langfuse_days
  where project_id = any ($1::text[]) and day = $2::date
  order by project_id
  for update
`;

/** What the projects have spent of the day; nobody else spends until the transaction ends. */
export async function lockDays(
  tx: Queryable,
  projectIds: readonly string[],
  day: string,
): Promise<readonly DayUnits[]> {
  await tx.query(open, [projectIds, day]);
  return tx.query<DayUnits>(lock, [projectIds, day]);
}

const spend = `
  with spent as (
    update langfuse_days d
    set unit_count = d.unit_count + s."unitCount"
    from json_to_recordset($1::json) as s ("projectId" text, "unitCount" bigint)
    where d.project_id = s."projectId" and d.day = $2::date
  )
  update langfuse_outbox set charged_on = $2::date where id = any ($3::bigint[])
`;

/** Counts units in the day, for these messages. */
export async function spendUnits(
  tx: Queryable,
  spent: { readonly days: readonly DayUnits[]; readonly day: string; readonly ids: readonly number[] },
): Promise<void> {
  await tx.query(spend, [JSON.stringify(spent.days), spent.day, spent.ids]);
}
