import type { Queryable } from "../database.ts";

export type OutboxCounts = { readonly waitingCount: number; readonly deadCount: number };

const sql = `
  select count(*) filter (where dead_at is null) as "waitingCount", count(dead_at) as "deadCount"
  from langfuse_outbox
  where project_id = $1
`;

/** What of the project waits for the mirror, and what died. */
export async function countOutbox(db: Queryable, projectId: string): Promise<OutboxCounts> {
  const [row] = await db.query<OutboxCounts>(sql, [projectId]);
  return row ?? { waitingCount: 0, deadCount: 0 };
}
