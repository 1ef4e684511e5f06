import { UptakeError } from "../../domain/errors.ts";
import type { Queryable } from "../database.ts";

/** The columns that Uptake reads and writes in the host's tables, and the types that they may have; any where empty. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  ai_suggestions: {
    id: ["uuid"],
    ticket_id: [],
    message_id: [],
    suggested_response: ["text"],
    confidence_score: ["real", "double precision", "numeric"],
    system_user_id: [],
    metadata: ["jsonb"],
    status: ["text"],
    created_at: ["timestamp with time zone"],
    updated_at: ["timestamp with time zone"],
  },
  ai_feedback_events: {
    id: ["uuid"],
    suggestion_id: ["uuid"],
    ticket_id: [],
    agent_id: [],
    feedback_type: [],
    agent_response: ["text"],
    feedback_reason: ["text"],
    time_to_feedback: ["interval"],
    metadata: ["jsonb"],
    created_at: ["timestamp with time zone"],
    updated_at: ["timestamp with time zone"],
  },
};

/** How the database stands to Uptake: `host` has the tables and no Uptake, `adopted` both. */
export type HostState = "host" | "adopted";

type Facts = {
  readonly isAdopted: boolean;
  readonly hasLedger: boolean;
  readonly role: string;
  readonly tables: readonly string[];
  readonly foreign: readonly string[];
  readonly forced: readonly string[];
};

const facts = `
  select
    to_regclass('public.uptake_adoption') is not null as "isAdopted",
    to_regclass('public.schema_migrations') is not null as "hasLedger",
    current_user::text as role,
    coalesce(array_agg(c.relname::text), '{}') as tables,
    coalesce(array_agg(c.relname::text) filter (where not pg_has_role(c.relowner, 'usage')), '{}') as foreign,
    coalesce(array_agg(c.relname::text) filter (where c.relforcerowsecurity), '{}') as forced
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname = any ($1::text[])
`;

const columns = `
  select c.relname::text as "table", a.attname::text as name, format_type(a.atttypid, null) as type
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'public'::regnamespace and c.relname = any ($1::text[]) and a.attnum > 0 and not a.attisdropped
`;

const refused = (problems: readonly string[]): UptakeError =>
  new UptakeError("adoption_refused", `${problems.join("\n")}\nNothing was changed.`, { facts: { problems } });

/** Looks whether the database can be adopted, or is. Throws `adoption_refused` with everything that is in the way. */
export async function inspectHost(db: Queryable): Promise<HostState> {
  const names = Object.keys(NEEDED);
  const [found] = await db.query<Facts>(facts, [names]);
  if (found === undefined) throw refused(["the catalog could not be read"]);
  if (found.isAdopted) return "adopted";
  const missing = names.filter((name) => !found.tables.includes(name));
  if (missing.length > 0) {
    const remedy = "there is nothing to adopt; uptake migrate makes Uptake's tables in a database without them";
    throw refused([`public has no table ${missing.join(" and no table ")}: ${remedy}`]);
  }
  if (found.hasLedger) {
    const remedy = "Uptake made it, or another tool keeps a table of that name in public";
    throw refused([`public.schema_migrations is there already: ${remedy}; this database cannot be adopted`]);
  }
  const problems = [
    ...found.foreign.map((name) => `${name} belongs to another role than ${found.role}: adopt as its owner`),
    ...found.forced.map((name) => `${name} forces row-level security on its owner, who runs our triggers: unforce it`),
    ...(await columnProblems(db, names)),
  ];
  if (problems.length > 0) throw refused(problems);
  return "host";
}

async function columnProblems(db: Queryable, names: readonly string[]): Promise<string[]> {
  const there = new Map<string, string>();
  for (const { table, name, type } of await db.query<{ table: string; name: string; type: string }>(columns, [names])) {
    there.set(`${table}.${name}`, type);
  }
  return Object.entries(NEEDED).flatMap(([table, needed]) =>
    Object.entries(needed).flatMap(([name, types]) => {
      const type = there.get(`${table}.${name}`);
      if (type === undefined) return [`${table}.${name} is missing`];
      const isFit = types.length === 0 || types.includes(type);
      return isFit ? [] : [`${table}.${name} is ${type}; expected ${types.join(" or ")}`];
    }),
  );
}
