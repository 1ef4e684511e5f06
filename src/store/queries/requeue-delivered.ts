import type { Queryable } from "../database.ts";
import type { DeliveryLine } from "./read-deliveries.ts";

// The line stays in the ledger; the new delivery overwrites it.
const sql = `
  insert into langfuse_outbox (kind, ref, project_id, unsure)
  select d.kind, d.ref, d.project_id, $2
  from langfuse_deliveries d
  join json_to_recordset($1::json) as m (kind text, ref uuid) on m.kind = d.kind and m.ref = d.ref
  on conflict (kind, ref) do nothing
  returning id
`;

/**
 * Puts delivered messages back into the outbox; resolves to how many were not there already. `unsure`: the worker reads
 * back first and sends only what Langfuse does not have; without it everything is sent again.
 */
export async function requeueDelivered(
  db: Queryable,
  messages: readonly Pick<DeliveryLine, "kind" | "ref">[],
  unsure: boolean,
): Promise<number> {
  const rows = await db.query(sql, [JSON.stringify(messages.map(({ kind, ref }) => ({ kind, ref }))), unsure]);
  return rows.length;
}
