import type { Queryable } from "../database.ts";

/** A message that is to rest; `keptBy` as it was when that was decided. */
export type HeldMessage = {
  readonly id: number;
  readonly unsure: boolean;
  readonly keptBy: string | null;
  readonly forMs: number;
};

const sql = `
  update langfuse_outbox o
  set locked_until = null, locked_by = null, unsure = h.unsure, attempts = o.attempts - 1,
    available_at = now() + h."forMs" * interval '1 millisecond', held_until = now() + h."forMs" * interval '1 millisecond'
  from json_to_recordset($1::json) as h (id bigint, unsure boolean, "keptBy" text, "forMs" double precision)
  where o.id = h.id and o.id = any ($3::bigint[]) and o.locked_by = $2 and o.kept_by is not distinct from h."keptBy"
  returning o.id
`;

/** Gives messages back for later; resolves to those of which nothing else was decided meanwhile and that the token held. */
export async function holdMessages(
  db: Queryable,
  token: string,
  held: readonly HeldMessage[],
): Promise<ReadonlySet<number>> {
  const ids = held.map(({ id }) => id);
  const rows = await db.query<{ id: number }>(sql, [JSON.stringify(held), token, ids]);
  return new Set(rows.map(({ id }) => id));
}
