import type { ErasureCounts } from "../../domain/erasure.ts";
import type { Queryable } from "../database.ts";
import type { SubjectRows } from "./find-subject.ts";

const sql = `
  select
    (select count(*) from ai_suggestions s
     where s.id = any ($1::uuid[])
       and not exists (
         select from erased_suggestions x where x.suggestion_id = s.id and x.erased_at is not null
       )) as "suggestionCount",
    (select count(*) from ai_traces where trace_id = any ($2::text[])) as "traceCount",
    (select count(*) from ai_feedback_events
     where id = any ($3::uuid[])
       and (agent_response is not null or comment is not null or metadata <> '{}' or idempotency_key is not null)
    ) as "feedbackCount",
    (select count(*) from langfuse_outbox
     where kind = 'trace' and ref = any ($1::uuid[]) or kind = 'feedback' and ref = any ($3::uuid[])) as "outboxCount"
`;

/** How much an erasure of these rows would erase. */
export async function countSubject(
  db: Queryable,
  { suggestions, eventIds }: SubjectRows,
): Promise<Partial<ErasureCounts>> {
  const ids = suggestions.map(({ id }) => id);
  const [row] = await db.query<Partial<ErasureCounts>>(sql, [ids, suggestions.map(({ traceId }) => traceId), eventIds]);
  return row ?? {};
}
