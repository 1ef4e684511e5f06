import type { ExpiryWindows } from "../../domain/expiry.ts";
import type { Queryable } from "../database.ts";

// A batch at a time, each its own short transaction; rows that somebody else holds, such as a person's feedback or another
// worker, are left for the next pass. The first condition on created_at lets the index of open suggestions answer.
const sql = `
  with windows as (
    select *
    from json_to_recordset($4::json) as w ("functionName" text, "afterSeconds" double precision)
  ),
  due as materialized (
    select s.id
    from ai_suggestions s
    left join windows w on w."functionName" = s.function_name
    where s.outcome = 'pending'
      and s.status = 'completed'
      and s.project_id = $1
      and s.created_at < now() - make_interval(secs => $2)
      and coalesce(s.shown_at, s.created_at)
        < now() - make_interval(secs => case when w."functionName" is null then $3 else w."afterSeconds" end)
    order by s.created_at
    limit $5
    for no key update of s skip locked
  )
  update ai_suggestions s
  set outcome = 'expired', updated_at = now()
  from due
  where s.id = due.id
  returning s.id
`;

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

/** Expires up to `limit` suggestions of the project that nobody has acted on in time; resolves to how many. */
export async function expireSuggestions(
  db: Queryable,
  job: {
    readonly projectId: string;
    readonly windows: Pick<ExpiryWindows, "expireAfterMs" | "byFunction">;
    readonly limit: number;
  },
): Promise<number> {
  const { expireAfterMs, byFunction } = job.windows;
  const finite = [expireAfterMs, ...byFunction.values()].flatMap((ms) => ms ?? []);
  if (finite.length === 0) return 0;
  const rows = [...byFunction].map(([functionName, ms]) => ({ functionName, afterSeconds: seconds(ms) }));
  const expired = await db.query(sql, [
    job.projectId,
    seconds(Math.min(...finite)),
    seconds(expireAfterMs),
    JSON.stringify(rows),
    job.limit,
  ]);
  return expired.length;
}
