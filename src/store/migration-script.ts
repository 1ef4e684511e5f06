import { CREATE_LEDGER, OPENING, readMigrations } from "./migrate.ts";

/** Migrations as SQL for another tool to run. */
export type MigrationScript = {
  /** Names of the migrations in it; where there are none, there is nothing to run. */
  readonly names: readonly string[];
  readonly sql: string;
};

export type MigrationScriptOptions = {
  /** Names of migrations that an earlier script holds. */
  readonly without: ReadonlySet<string>;
  /**
   * Whether people of an application reach the schema `public` through an interface of its own, as they do on Supabase:
   * then the tables are closed to all but their owner and roles that row-level security does not bind.
   */
  readonly isPublicExposed: boolean;
};

/** What is said of a migration in a script; by it a later run finds it. */
const marker = (name: string): string => `-- uptake migration ${name}`;
const MARKER = /^-- uptake migration (\S+)$/gmu;

/** Names of the migrations that this text, made by {@link migrationScript}, holds. */
export const migrationsIn = (sql: string): readonly string[] =>
  [...sql.replaceAll("\r\n", "\n").matchAll(MARKER)].map(([, name = ""]) => name);

/** Names of the tables that a text makes in `public`. */
export function tablesIn(sql: string): readonly string[] {
  const made = sql.matchAll(/^\s*create table (?:if not exists )?(?:"?public"?\.)?"?(\w+)"?(?![\w."])/gimu);
  return [...made].map(([, name = ""]) => name.toLowerCase());
}

// A view reads with its owner's rights unless told otherwise, and a new function may be called by everybody.
const CLOSING = `
-- On Supabase everything in public can be reached with the public key: our tables, which have no policy, are closed to it.
do $$
declare
  object regclass;
  routine regprocedure;
  reader text;
begin
  foreach object in array array[TABLES]::regclass[] loop
    execute format('alter table %s enable row level security', object);
  end loop;
  for object in select c.oid from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' and c.relname = any (array[VIEWS]::text[])
  loop
    execute format('alter view %s set (security_invoker = on)', object);
  end loop;
  for routine in select p.oid from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname like 'uptake\\_%'
  loop
    execute format('revoke execute on function %s from public', routine);
    for reader in select r.rolname from pg_roles r where r.rolname in ('anon', 'authenticated') loop
      execute format('revoke execute on function %s from %I', routine, reader);
    end loop;
  end loop;
end $$;
`;

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");

function closing(sql: string): string {
  const views = [...sql.matchAll(/^create view (\w+)/gmu)].map(([, name = ""]) => name);
  const tables = ["schema_migrations", ...new Set(tablesIn(sql))].map((name) => `public.${name}`);
  return CLOSING.replace("TABLES", quoted(tables)).replace("VIEWS", quoted(views));
}

/**
 * The migrations of this program as one script, and their entries in our ledger, so that `migrate` finds the database up
 * to date afterwards. To be run in one transaction, which is not opened here: some tools bring their own.
 */
export function migrationScript({ without, isPublicExposed }: MigrationScriptOptions): MigrationScript {
  const all = readMigrations();
  const missing = all.filter(({ name }) => !without.has(name));
  if (missing.length === 0) return { names: [], sql: "" };
  const ledger = missing[0] === all[0] ? [`${CREATE_LEDGER.trim()};`] : [];
  const parts = missing.map(
    ({ version, name, sql, checksum }) =>
      `${marker(name)}\n${sql.trimEnd()}\ninsert into public.schema_migrations (version, name, checksum) values (${version}, '${name}', '${checksum}');`,
  );
  const opening = OPENING.map((sql) => `${sql};`).join("\n");
  const last = isPublicExposed ? closing(missing.map(({ sql }) => sql).join("\n")) : "";
  return {
    names: missing.map(({ name }) => name),
    sql: `${[opening, ...ledger, ...parts].join("\n\n")}\n${last}`,
  };
}
