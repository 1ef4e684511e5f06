import type { Queryable } from "../database.ts";
import type { MessageKind } from "./claim-messages.ts";

// `unsure` stays: of a message that died in part, only what is missing is sent.
const sql = `
  with revived as (
    update langfuse_outbox
    set dead_at = null, available_at = now()
    where dead_at is not null and ($1::text is null or kind = $1) and ($2::text is null or project_id = $2)
    returning id
  )
  select count(*) as count from revived
`;

/** Puts dead letters (of one kind, or all with null; of one project, or of all) back into the outbox; resolves to how many. */
export async function retryDeadLetters(db: Queryable, kind: MessageKind | null, projectId?: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(sql, [kind, projectId ?? null]);
  return row?.count ?? 0;
}
