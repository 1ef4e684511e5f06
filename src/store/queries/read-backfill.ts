import type { Queryable } from "../database.ts";

const sql = `select next_hour as "nextHour" from rollup_backfills where from_hour = $1 and to_hour = $2`;

type Row = { readonly nextHour: number };

/** Where an unfinished backfill of exactly these hours goes on; null where there is none. */
export async function readBackfill(db: Queryable, fromHour: number, toHour: number): Promise<number | null> {
  const [row] = await db.query<Row>(sql, [fromHour, toHour]);
  return row?.nextHour ?? null;
}
