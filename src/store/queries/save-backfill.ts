import type { Queryable } from "../database.ts";

const sql = `
insert into rollup_backfills (from_hour, to_hour, next_hour) values ($1, $2, $3)
on conflict (from_hour, to_hour) do update set next_hour = excluded.next_hour, updated_at = now()`;

/** Notes how far the backfill of these hours is. */
export async function saveBackfill(tx: Queryable, fromHour: number, toHour: number, nextHour: number): Promise<void> {
  await tx.query(sql, [fromHour, toHour, nextHour]);
}
