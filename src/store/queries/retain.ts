import type { Queryable } from "../database.ts";

/** What was made in this time. */
export type Span = { readonly from: Date; readonly to: Date };

const textOf = ({ from, to }: Span): [string, string] => [from.toISOString(), to.toISOString()];

async function take(db: Queryable, sql: string, values: readonly unknown[]): Promise<number> {
  const [row] = await db.query<{ count: number }>(sql, values);
  return row?.count ?? 0;
}

/** Takes the texts of suggestions; resolves to of how many. */
export const retainContent = (db: Queryable, span: Span, limit: number): Promise<number> =>
  take(db, "select uptake_retain_content($1, $2, $3) as count", [...textOf(span), limit]);

/** Takes the texts of feedback events, by their own age. */
export const retainFeedback = (db: Queryable, span: Span, limit: number): Promise<number> =>
  take(db, "select uptake_retain_feedback($1, $2, $3) as count", [...textOf(span), limit]);

/** Deletes the observations of suggestions. */
export const retainTraces = (db: Queryable, span: Span, limit: number): Promise<number> =>
  take(db, "select uptake_retain_traces($1, $2, $3) as count", [...textOf(span), limit]);

/** Deletes suggestions, and freezes the hours before `frozenHour`. */
export const retainRows = (
  db: Queryable,
  span: Span,
  { frozenHour, limit }: { readonly frozenHour: number; readonly limit: number },
): Promise<number> =>
  take(db, "select uptake_drop_rows($1, $2, $3, $4) as count", [...textOf(span), frozenHour, limit]);

/** Hours before this one that the host's table still has to get. */
export const countUnwritten = (db: Queryable, beforeHour: number): Promise<number> =>
  take(db, "select uptake_unwritten_count($1) as count", [beforeHour]);
