import type { Queryable } from "../database.ts";

// Nothing has touched the row for that long, so a host that tries again keeps its row alive. What stands in it
// ('Processing...') stays, and an answer that comes after all completes the row like any pending one. What a worker has
// claimed, or will try again, is not abandoned.
const sql = `
  with due as materialized (
    select id
    from ai_suggestions
    where status = 'pending'
      and project_id = $1
      and created_at < now() - make_interval(secs => $2)
      and updated_at < now() - make_interval(secs => $2)
      and not exists (
        select from ai_pending_claims c
        where c.suggestion_id = ai_suggestions.id and greatest(c.locked_until, c.available_at) > now()
      )
    order by created_at
    limit $3
    for no key update skip locked
  )
  update ai_suggestions s
  set status = 'error', error_type = 'abandoned', error_message = $4, updated_at = now()
  from due
  where s.id = due.id
  returning s.id
`;

/** Closes up to `limit` pending rows of the project as errors, whose call has not answered in time; resolves to how many. */
export async function closeAbandoned(
  db: Queryable,
  job: { readonly projectId: string; readonly afterMs: number; readonly limit: number },
): Promise<number> {
  const message = `no answer within ${Math.round(job.afterMs / 60_000)} minutes: the call died, or nobody made it`;
  const closed = await db.query(sql, [job.projectId, job.afterMs / 1000, job.limit, message]);
  return closed.length;
}
