import type { ErasureCounts } from "../../domain/erasure.ts";
import type { Queryable } from "../database.ts";

const sql = `
  select suggestion_count as "suggestionCount", trace_count as "traceCount", feedback_count as "feedbackCount",
    outbox_count as "outboxCount"
  from uptake_erase($1, $2::uuid[], $3::text[], $4::uuid[])
`;

/** Empties suggestions and feedback events, and deletes what else there is of them. */
export async function eraseSuggestions(
  tx: Queryable,
  erasureId: string,
  suggestions: readonly { readonly id: string; readonly traceId: string }[],
  eventIds: readonly string[],
): Promise<Partial<ErasureCounts>> {
  const ids = suggestions.map(({ id }) => id);
  const traceIds = suggestions.map(({ traceId }) => traceId);
  const [row] = await tx.query<Partial<ErasureCounts>>(sql, [erasureId, ids, traceIds, eventIds]);
  return row ?? {};
}
