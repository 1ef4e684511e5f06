import type { Queryable } from "../database.ts";

const sql = "select result, amount from uptake_empty_month($1)";

export type EmptiedMonth = {
  /** `dropped` so many suggestions, `empty` already, or kept for so many of what the other words say. */
  readonly result: "dropped" | "empty" | "waiting" | "newer" | "unwritten";
  readonly amount: number;
};

/** Drops the rows of the month (its first day) unless something still needs them. */
export async function emptyMonth(tx: Queryable, month: string): Promise<EmptiedMonth> {
  const [row] = await tx.query<EmptiedMonth>(sql, [month]);
  return row ?? { result: "empty", amount: 0 };
}
