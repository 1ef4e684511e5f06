import type { Queryable } from "../database.ts";

/** When Uptake came to this database; throws where it never did. */
export async function readAdoptedAt(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ at: Date | null }>("select min(applied_at) as at from public.schema_migrations");
  const at = row?.at ?? null;
  if (at === null) throw new Error("schema_migrations is empty: the database was not adopted");
  return at;
}
