import { storableJson } from "../../domain/text.ts";
import type { Queryable } from "../database.ts";

/** One message that Langfuse will never take as it is. */
export type DeadMessage = {
  readonly id: number;
  /** Some of it may be in Langfuse: a retry by hand reads back first. */
  readonly unsure: boolean;
  readonly error: string;
};

const sql = `
  update langfuse_outbox o
  set dead_at = now(), last_error = d.error, unsure = d.unsure, locked_until = null, locked_by = null
  from json_to_recordset($1::json) as d (id bigint, unsure boolean, error text)
  where o.id = d.id and o.locked_by = $2
  returning o.id
`;

/**
 * Keeps messages as dead letters, with the reason; those that the token no longer holds are left alone. Resolves to the
 * ids of those that it held.
 */
export async function settleDead(
  db: Queryable,
  token: string,
  dead: readonly DeadMessage[],
): Promise<ReadonlySet<number>> {
  const rows = await db.query<{ id: number }>(sql, [storableJson(JSON.stringify(dead)), token]);
  return new Set(rows.map((row) => row.id));
}
