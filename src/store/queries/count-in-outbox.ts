import type { Queryable } from "../database.ts";
import type { DeliveryLine } from "./read-deliveries.ts";

const sql = `
  select
    count(*) filter (where o.dead_at is null) as "waitingCount",
    count(*) filter (where o.dead_at is not null) as "deadCount"
  from langfuse_outbox o
  join json_to_recordset($1::json) as m (kind text, ref uuid) on m.kind = o.kind and m.ref = o.ref
`;

export type InOutbox = { readonly waitingCount: number; readonly deadCount: number };

/** How many of these messages are in the outbox, to be delivered or dead. */
export async function countInOutbox(
  db: Queryable,
  messages: readonly Pick<DeliveryLine, "kind" | "ref">[],
): Promise<InOutbox> {
  const rows = await db.query<InOutbox>(sql, [JSON.stringify(messages.map(({ kind, ref }) => ({ kind, ref })))]);
  return rows[0] ?? { waitingCount: 0, deadCount: 0 };
}
