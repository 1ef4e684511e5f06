import type { Queryable } from "../database.ts";

/** One thing that the schema `public` holds. `onTable` is empty where it stands for itself. */
export type SchemaObject = {
  readonly kind: "table" | "view" | "type" | "function" | "trigger" | "column" | "constraint" | "index" | "policy";
  readonly onTable: string;
  readonly name: string;
};

/** The same, and whether this transaction has made it, or changed what was there before. */
type FoundObject = SchemaObject & { readonly isOfThisTransaction: boolean };

// A constraint's own index, a table's row type and a type's array come and go with what they belong to.
const list = `
  select kind, "onTable", name,
    coalesce(written_by = pg_current_xact_id_if_assigned()::xid, false) as "isOfThisTransaction"
  from (
    select 'table' as kind, '' as "onTable", relname::text as name, xmin as written_by
    from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
    union all
    select 'view', '', relname::text, xmin
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'
    union all
    select 'type', '', t.typname::text, t.xmin
    from pg_type t left join pg_class c on c.oid = t.typrelid
    where t.typnamespace = 'public'::regnamespace and (t.typtype in ('e', 'd') or c.relkind = 'c')
    union all
    select 'function', '', p.oid::regprocedure::text, p.xmin
    from pg_proc p where p.pronamespace = 'public'::regnamespace
    union all
    select 'trigger', c.relname::text, t.tgname::text, t.xmin
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
    union all
    select 'column', c.relname::text, a.attname::text, a.xmin
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
    union all
    select 'constraint', n.conrelid::regclass::text, n.conname::text, n.xmin
    from pg_constraint n
    where n.connamespace = 'public'::regnamespace and n.conrelid <> 0 and n.contype in ('c', 'f', 'u', 'p', 'x')
    union all
    select 'index', t.relname::text, c.relname::text, c.xmin
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    where c.relnamespace = 'public'::regnamespace and not exists (select from pg_constraint n where n.conindid = i.indexrelid)
    union all
    select 'policy', c.relname::text, p.polname::text, p.xmin
    from pg_policy p join pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'public'::regnamespace
  ) found
`;

/** Everything in `public`, as of now. */
export const listObjects = (db: Queryable): Promise<readonly FoundObject[]> => db.query<FoundObject>(list);

const keyOf = ({ kind, onTable, name }: SchemaObject): string => `${kind} ${onTable} ${name}`;

/**
 * What is in `now`, was not there `before`, and was made by this transaction: while it waited for a lock, another may have
 * made tables of its own, which are none of ours.
 */
export function addedObjects(before: readonly SchemaObject[], now: readonly FoundObject[]): SchemaObject[] {
  const known = new Set(before.map(keyOf));
  return now.filter((object) => object.isOfThisTransaction && !known.has(keyOf(object)));
}

const note = `
  insert into uptake_adoption (kind, on_table, name)
  select o.kind, o."onTable", o.name
  from json_to_recordset($1::json) as o (kind text, "onTable" text, name text)
  on conflict do nothing
`;

/** Remembers what is ours, so that exactly that can be taken away again. */
export async function noteObjects(db: Queryable, objects: readonly SchemaObject[]): Promise<void> {
  await db.query(note, [JSON.stringify(objects)]);
}

/** What is ours and still there. */
export async function readNoted(db: Queryable): Promise<readonly SchemaObject[]> {
  const noted = await db.query<SchemaObject>(`select kind, on_table as "onTable", name from uptake_adoption`);
  const there = new Set((await listObjects(db)).map(keyOf));
  return noted.filter((object) => there.has(keyOf(object)));
}
