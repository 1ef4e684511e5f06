import type { Queryable } from "../database.ts";

/** A table as both sides have to have it. Names are quoted where they need it. */
export type MovableTable = {
  readonly name: string;
  /** In the order of the table, which its rows as texts have. */
  readonly columns: readonly string[];
  readonly types: readonly string[];
  /** What rows are sorted by, the same in every database; the whole row where there is no primary key. */
  readonly order: readonly string[];
  /** Tables whose rows have to be there first. */
  readonly after: readonly string[];
  /** Sequences of its numbers. */
  readonly sequences: readonly string[];
};

// What a text is sorted by depends on the database's own collation, so it is sorted by its bytes.
const sql = `
  select
    c.relname::text as name,
    array(
      select quote_ident(a.attname) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum
    ) as columns,
    array(
      select format_type(a.atttypid, a.atttypmod) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum
    ) as types,
    array(
      select quote_ident(a.attname) || case when a.attcollation <> 0 then ' collate "C"' else '' end
      from pg_index i
      cross join unnest(i.indkey::smallint[]) with ordinality k (attnum, position)
      join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
      where i.indrelid = c.oid and i.indisprimary order by k.position
    ) as "order",
    array(
      select distinct f.relname::text from pg_constraint r join pg_class f on f.oid = r.confrelid
      where r.conrelid = c.oid and r.contype = 'f' and r.confrelid <> c.oid
    ) as after,
    array(
      select pg_get_serial_sequence(format('public.%I', c.relname), a.attname) from pg_attribute a
      where a.attrelid = c.oid and a.attidentity <> '' and not a.attisdropped order by a.attnum
    ) as sequences
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname not in ('schema_migrations', 'uptake_move')
  order by c.relname
`;

/** Every table of ours with rows of its own, in an order in which they can be filled. */
export async function listMovableTables(db: Queryable): Promise<readonly MovableTable[]> {
  const rows = await db.query<MovableTable>(sql);
  const all = rows.map((table) => {
    const order = table.order.length > 0 ? table.order : [`${lineOf(table)} collate "C"`];
    return { ...table, order, after: table.after.filter((name) => rows.some((other) => other.name === name)) };
  });
  const sorted: MovableTable[] = [];
  while (sorted.length < all.length) {
    const placed = new Set(sorted.map(({ name }) => name));
    const next = all.find(({ name, after }) => !placed.has(name) && after.every((other) => placed.has(other)));
    if (next === undefined) throw new Error("tables refer to each other in a circle");
    sorted.push(next);
  }
  return sorted;
}

/** A row as one text, exact to the last digit, that its table's type reads again. */
export const lineOf = ({ columns }: Pick<MovableTable, "columns">): string => `row(${columns.join(", ")})::text`;

// Texts of times, intervals, floats and bytes depend on settings of the connection; these make them exact and the same.
const SETTINGS = `
  set local timezone = 'UTC';
  set local datestyle = 'ISO, YMD';
  set local intervalstyle = 'postgres';
  set local extra_float_digits = 1;
  set local bytea_output = 'hex';
`;

/** To begin a transaction with, in which rows are read or written as texts. */
export async function setExactTexts(tx: Queryable): Promise<void> {
  await tx.query(SETTINGS);
}

export async function countRows(db: Queryable, { name }: Pick<MovableTable, "name">): Promise<number> {
  const [row] = await db.query<{ count: number }>(`select count(*) as count from public.${name}`);
  return row?.count ?? 0;
}

/** Tables that hold rows, of those named. */
export async function listFilled(db: Queryable, names: readonly string[]): Promise<readonly string[]> {
  const filled: string[] = [];
  for (const name of names) {
    const [found] = await db.query<{ filled: boolean }>(`select exists (select from public.${name}) as filled`);
    if (found?.filled === true) filled.push(name);
  }
  return filled;
}
