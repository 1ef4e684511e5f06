import type { Queryable } from "../database.ts";

const sql = `
  select not exists (
    select from langfuse_outbox
    where dead_at is null and (available_at <= now() or unsure or attempts > 0)
      and (held_until is null or held_until <= now())
  ) as settled
`;

/** True when no message is due, in some worker's hands, in doubt or to be tried again; only what waits for its row, for feedback or for another day may be there. */
export async function isOutboxSettled(db: Queryable): Promise<boolean> {
  const [row] = await db.query<{ settled: boolean }>(sql);
  return row?.settled ?? true;
}
