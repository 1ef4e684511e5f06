import type { Queryable } from "../database.ts";

/** What was delivered for one message, for the ledger. */
export type DeliveredMessage = {
  readonly id: number;
  readonly traceId: string;
  readonly langfuseIds: readonly string[];
};

// One statement, so the message and its line in the ledger change hands together. The token is the fence: a message
// that another worker has taken over since is left to that worker. Two things are for the planner alone. The ids come
// as an array too, else it reads an outbox of some thousand messages as a whole; and every line of the JSON has the
// token, since from one token it concludes one message, and then compares every message with every line.
const sql = `
  with delivered as (
    delete from langfuse_outbox o
    using json_to_recordset($1::json) as d (id bigint, token uuid, "traceId" text, "langfuseIds" text[])
    where o.id = d.id and o.id = any ($2::bigint[]) and o.locked_by = d.token
    returning o.id, o.created_at, o.kind, o.ref, o.project_id, o.attempts, o.kept_by, d."traceId" as trace_id, d."langfuseIds" as langfuse_ids
  ),
  noted as (
    insert into langfuse_deliveries (kind, ref, project_id, trace_id, langfuse_ids, attempts, kept_by)
    select kind, ref, project_id, trace_id, langfuse_ids, attempts, kept_by from delivered
    on conflict (kind, ref) do update
    set trace_id = excluded.trace_id, langfuse_ids = excluded.langfuse_ids, attempts = excluded.attempts,
      kept_by = coalesce(excluded.kept_by, langfuse_deliveries.kept_by), delivered_at = excluded.delivered_at
  )
  select id, extract(epoch from clock_timestamp() - created_at)::double precision as "lagSeconds" from delivered
`;

/** Moves messages from the outbox to the ledger; resolves to the age, by id, of those that the token still held, in seconds. */
export async function settleDelivered(
  db: Queryable,
  token: string,
  delivered: readonly DeliveredMessage[],
): Promise<ReadonlyMap<number, number>> {
  const lines = delivered.map((message) => ({ ...message, token }));
  const ids = delivered.map(({ id }) => id);
  const rows = await db.query<{ id: number; lagSeconds: number }>(sql, [JSON.stringify(lines), ids]);
  return new Map(rows.map((row) => [row.id, row.lagSeconds]));
}
