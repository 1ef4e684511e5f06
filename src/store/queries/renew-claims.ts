import type { Queryable } from "../database.ts";

const sql = `
  update langfuse_outbox
  set locked_until = now() + $3::double precision * interval '1 millisecond'
  where id = any ($1::bigint[]) and locked_by = $2
  returning id
`;

/** Extends the lease of the messages that the token still holds; resolves to their ids. */
export async function renewClaims(
  db: Queryable,
  claim: { readonly ids: readonly number[]; readonly token: string; readonly leaseMs: number },
): Promise<ReadonlySet<number>> {
  const rows = await db.query<{ id: number }>(sql, [claim.ids, claim.token, claim.leaseMs]);
  return new Set(rows.map((row) => row.id));
}
