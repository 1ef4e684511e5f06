import type { Queryable } from "../database.ts";
import type { MessageKind } from "./claim-messages.ts";

/** One line of the ledger. */
export type DeliveryLine = {
  readonly kind: MessageKind;
  /** The suggestion's id for a trace, the event's id for feedback. */
  readonly ref: string;
  readonly traceId: string;
  readonly langfuseIds: readonly string[];
  readonly deliveredAt: Date;
};

// Walks the primary key, so that a line delivered again meanwhile comes once or not at all, never twice.
const sql = `
  select kind, ref, trace_id as "traceId", langfuse_ids as "langfuseIds", delivered_at as "deliveredAt"
  from langfuse_deliveries
  where delivered_at >= $1 and delivered_at < $2 and (kind, ref) > ($3, $4::uuid)
  order by kind, ref
  limit $5
`;

const BEFORE_ALL = { kind: "", ref: "00000000-0000-0000-0000-000000000000" };

/** The next page of the ledger's lines that were delivered in the range, after the line given. */
export async function readDeliveries(
  db: Queryable,
  range: { readonly from: Date; readonly to: Date },
  page: { readonly after: Pick<DeliveryLine, "kind" | "ref"> | undefined; readonly limit: number },
): Promise<readonly DeliveryLine[]> {
  const { kind, ref } = page.after ?? BEFORE_ALL;
  return db.query<DeliveryLine>(sql, [range.from.toISOString(), range.to.toISOString(), kind, ref, page.limit]);
}
