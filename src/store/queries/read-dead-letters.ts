import type { DeadLetters } from "../../domain/mirror-report.ts";
import type { Queryable } from "../database.ts";

const sql = `
  select
    kind,
    coalesce(last_error, 'no reason is noted') as reason,
    count(*) as count,
    (array_agg(ref order by dead_at desc, id desc))[1] as "newestRef",
    max(dead_at) as "newestAt"
  from langfuse_outbox
  where dead_at is not null and ($2::text is null or project_id = $2)
  group by kind, reason
  order by count desc, kind, reason
  limit $1
`;

/** Dead letters of one project, or of all, by kind and reason, the most frequent first; at most `limit` reasons. */
export async function readDeadLetters(
  db: Queryable,
  limit: number,
  projectId?: string,
): Promise<readonly DeadLetters[]> {
  return db.query<DeadLetters>(sql, [limit, projectId ?? null]);
}
