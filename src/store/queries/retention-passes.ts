import type { RetainedKind } from "../../domain/retention.ts";
import type { Queryable } from "../database.ts";

/** Up to when a kind is done; null where no pass of it has got anywhere. */
export async function readPass(db: Queryable, kind: RetainedKind): Promise<Date | null> {
  const sql = `select done_before as "doneBefore" from retention_passes where kind = $1`;
  const [row] = await db.query<{ doneBefore: Date }>(sql, [kind]);
  return row?.doneBefore ?? null;
}

export async function savePass(db: Queryable, kind: RetainedKind, doneBefore: Date): Promise<void> {
  const sql = `
    insert into retention_passes (kind, done_before) values ($1, $2)
    on conflict (kind) do update set done_before = excluded.done_before
  `;
  await db.query(sql, [kind, doneBefore.toISOString()]);
}
