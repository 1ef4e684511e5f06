import type { Queryable } from "../database.ts";

/** A pending row that this claim holds. */
export type PendingRow = {
  readonly suggestionId: string;
  readonly functionName: string;
  readonly ticketId: string | null;
  readonly messageId: string | null;
  readonly systemUserId: string | null;
  /** This claim included; more than the most that are tried means that the last one died as well. */
  readonly attempts: number;
};

// `skip locked` keeps workers side by side from waiting for each other. It does not keep two from the same row where the
// first has just committed and the second has looked before: the condition of the upsert does, which sees the newest claim.
// A row that has an outcome already was sent without a person, and its run is about to complete it, unless it died.
const sql = `
  with due as materialized (
    select s.id, s.project_id, s.ticket_id, s.message_id, s.system_user_id, named.function_name
    from ai_suggestions s
    left join ai_pending_claims c on c.suggestion_id = s.id
    cross join lateral (select coalesce(s.function_name, $2) as function_name) named
    where s.status = 'pending'
      and s.project_id = $1
      and ($3::uuid is null or s.id = $3)
      and ($4::text[] is null or named.function_name = any ($4))
      and (c.suggestion_id is null or $3 is not null or c.available_at <= now())
      and (c.locked_until is null or c.locked_until <= now())
      and (s.outcome = 'pending' or s.updated_at < now() - make_interval(secs => $6))
    order by s.created_at
    limit $5
    for no key update of s skip locked
  ),
  claimed as (
    insert into ai_pending_claims as c (suggestion_id, project_id, attempts, locked_until, locked_by)
    select id, project_id, 1, now() + make_interval(secs => $6), $7 from due
    on conflict (suggestion_id) do update
      set attempts = c.attempts + 1, locked_until = excluded.locked_until, locked_by = excluded.locked_by
      where c.locked_until is null or c.locked_until <= now()
    returning suggestion_id, attempts
  )
  select d.id as "suggestionId", d.function_name as "functionName", d.ticket_id::text as "ticketId",
    d.message_id::text as "messageId", d.system_user_id::text as "systemUserId", c.attempts
  from claimed c
  join due d on d.id = c.suggestion_id
`;

export type PendingClaim = {
  readonly projectId: string;
  /** What a row without a name is taken for. */
  readonly unnamed: string;
  /** These agent functions' rows, whose time has come; or one row, named by its id, also before it is due again. */
  readonly of: { readonly functions: readonly string[] } | { readonly suggestionId: string };
  readonly limit: number;
  readonly leaseMs: number;
  /** Of this claim alone. */
  readonly token: string;
};

/** Claims up to `limit` pending rows that nobody holds, oldest first. */
export async function claimPending(db: Queryable, claim: PendingClaim): Promise<readonly PendingRow[]> {
  const { projectId, unnamed, of, limit, leaseMs, token } = claim;
  const id = "suggestionId" in of ? of.suggestionId : null;
  const functions = "functions" in of ? of.functions : null;
  return db.query<PendingRow>(sql, [projectId, unnamed, id, functions, limit, leaseMs / 1000, token]);
}
