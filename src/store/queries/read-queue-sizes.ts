import type { Queryable } from "../database.ts";

export type QueueSize = { readonly table: string; readonly byteCount: number; readonly deadRowCount: number };

const sql = `
  select relname::text as "table", pg_total_relation_size(relid) as "byteCount", n_dead_tup as "deadRowCount"
  from pg_stat_user_tables
  where schemaname = 'public' and relname in ('langfuse_outbox', 'rollup_deltas', 'ai_pending_claims')
  order by 1
`;

/** Tables whose rows come and go, as Postgres has counted them. */
export const readQueueSizes = (db: Queryable): Promise<readonly QueueSize[]> => db.query<QueueSize>(sql);
