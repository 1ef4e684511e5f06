import type { Hour } from "../../domain/hour.ts";
import type { Queryable } from "../database.ts";

const sql = `select max(frozen_before) as hour from retention_drops`;

/** The hour from which on suggestions are all there; null where retention has dropped none. What was counted before stays. */
export async function readFrozenBefore(db: Queryable): Promise<Hour | null> {
  const [row] = await db.query<{ hour: number | null }>(sql);
  return row?.hour ?? null;
}
