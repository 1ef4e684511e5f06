import { UptakeError } from "../../domain/errors.ts";
import type { Queryable } from "../database.ts";
import { readMigrations } from "../migrate.ts";
import { substituteFor } from "./adopted.ts";

/** The columns that Uptake reads and writes in the host's tables, and the types that they may have; any where empty. */
type Needed = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const NEEDED: Needed = {
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

/** The same of the table of metrics, which is made where the host has none. */
const NEEDED_IF_THERE: Needed = {
  aggregated_metrics: {
    metric_type: ["text", "character varying"],
    metric_name: ["text", "character varying"],
    metric_value: ["numeric", "double precision", "real"],
    dimension: ["text", "character varying"],
    dimension_value: ["text", "character varying"],
    period_start: ["timestamp with time zone"],
    period_end: ["timestamp with time zone"],
    metadata: ["jsonb"],
  },
};

/** The same of what is needed to compare what people send. */
const NEEDED_TO_INFER: Needed = {
  ticket_messages: {
    id: ["uuid"],
    ticket_id: [],
    user_id: [],
    content: ["text", "character varying"],
    message_type: [],
    is_ai_generated: ["boolean"],
    created_at: ["timestamp with time zone"],
  },
  tickets: { id: [], customer_id: [] },
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
  readonly partitioned: readonly string[];
};

const facts = `
  select
    to_regclass('public.uptake_adoption') is not null as "isAdopted",
    to_regclass('public.schema_migrations') is not null as "hasLedger",
    current_user::text as role,
    coalesce(array_agg(c.relname::text), '{}') as tables,
    coalesce(array_agg(c.relname::text) filter (where not pg_has_role(c.relowner, 'usage')), '{}') as foreign,
    coalesce(array_agg(c.relname::text) filter (where c.relforcerowsecurity), '{}') as forced,
    coalesce(array_agg(c.relname::text) filter (where c.relkind = 'p'), '{}') as partitioned
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
  const found = await readFacts(db, { ...NEEDED, ...NEEDED_IF_THERE });
  if (found.isAdopted) return "adopted";
  const missing = missingTables(found, NEEDED);
  if (missing !== undefined) {
    const remedy = "there is nothing to adopt; uptake migrate makes Uptake's tables in a database without them";
    throw refused([`${missing}: ${remedy}`]);
  }
  if (found.hasLedger) {
    const remedy = "Uptake made it, or another tool keeps a table of that name in public";
    throw refused([`public.schema_migrations is there already: ${remedy}; this database cannot be adopted`]);
  }
  const present = Object.entries({ ...NEEDED, ...NEEDED_IF_THERE }).filter(([name]) => found.tables.includes(name));
  await refuseUnfit(db, found, Object.fromEntries(present), await standingProblems(db, found));
  return "host";
}

/** What the host has that our own would meet. */
async function standingProblems(db: Queryable, { tables, partitioned }: Facts): Promise<string[]> {
  return [
    ...(await hiddenTables(db, tables)),
    ...partitioned.map((name) => `${name} is partitioned: its indexes cannot be made without holding up its writers`),
    ...(await takenNames(db, tables)),
    ...(await actProblems(db)),
  ];
}

/** Statements name tables without their schema: the role's search path must lead to those of public. */
async function hiddenTables(db: Queryable, tables: readonly string[]): Promise<string[]> {
  const hidden = await db.query<{ name: string; path: string; role: string }>(
    `select name, current_setting('search_path') as path, quote_ident(current_user) as role from unnest($1::text[]) name
     where to_regclass(name) is distinct from to_regclass('public.' || name)`,
    [tables],
  );
  return hidden.map(({ name, path, role }) => {
    const remedy = `run: alter role ${role} set search_path = public`;
    return `the search path ${path} of role ${role} does not lead to public's ${name}: ${remedy}`;
  });
}

/** Tables and columns of ours whose names the host has given already. */
async function takenNames(db: Queryable, hostTables: readonly string[]): Promise<string[]> {
  const sql = readMigrations().map((migration) => substituteFor(migration.name) ?? migration.sql);
  const madeBy = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name]) => name ?? "");
  const tables = sql.flatMap((text) => madeBy(text, /^create (?:table|view) (?!if )(\w+)/gmu));
  const added = sql.flatMap((text) =>
    [...text.matchAll(/alter table (\w+)\s([^;]*)/gu)].flatMap(([, table = "", changes = ""]) =>
      madeBy(changes, /add column (\w+)/gu).map((name) => ({ table, name })),
    ),
  );
  const optional = Object.keys(NEEDED_IF_THERE).filter((name) => !hostTables.includes(name));
  const [taken] = await db.query<{ relations: string[]; columns: string[] }>(
    `select
       array(select name from unnest($1::text[]) name where to_regclass('public.' || name) is not null) as relations,
       array(
         select c.table || '.' || c.name from json_to_recordset($2::json) as c ("table" text, name text)
         join pg_attribute a on a.attrelid = to_regclass('public.' || c.table) and a.attname = c.name and not a.attisdropped
       ) as columns`,
    [[...tables, ...optional], JSON.stringify(added.filter(({ table }) => hostTables.includes(table)))],
  );
  return [
    ...(taken?.relations ?? []).map(
      (name) => `public.${name} is there already, and Uptake makes a table of that name: rename yours`,
    ),
    ...(taken?.columns ?? []).map(
      (name) => `${name} is there already, and Uptake adds a column of that name: rename yours`,
    ),
  ];
}

const ACTS = ["approval", "rejection", "revision"];

/** The three acts must be among what the column may hold; of what else it holds we make nothing. */
async function actProblems(db: Queryable): Promise<string[]> {
  const [found] = await db.query<{ type: string; category: string; labels: string[] }>(
    `select format_type(t.oid, null) as type, t.typcategory::text as category,
       array(select l.enumlabel::text from pg_enum l where l.enumtypid in (t.oid, t.typbasetype)) as labels
     from pg_attribute a join pg_type t on t.oid = a.atttypid
     where a.attrelid = to_regclass('public.ai_feedback_events') and a.attname = 'feedback_type' and not a.attisdropped`,
  );
  if (found === undefined || found.category === "S") return []; // a missing one is told with the other columns
  const missing = ACTS.filter((act) => !found.labels.includes(act));
  const problem = `ai_feedback_events.feedback_type is ${found.type}`;
  return missing.length === 0
    ? []
    : [`${problem}, which has no ${missing.join(", ")}; expected text or an enum of the three acts`];
}

/** Looks whether what people send can be compared. Throws `adoption_refused` with everything that is in the way. */
export async function inspectMessages(db: Queryable): Promise<void> {
  const found = await readFacts(db, NEEDED_TO_INFER);
  const missing = missingTables(found, NEEDED_TO_INFER);
  if (missing !== undefined) {
    throw refused([`${missing}: --infer reads what people send from these; adopt without it and call sent()`]);
  }
  await refuseUnfit(db, found, NEEDED_TO_INFER);
}

async function readFacts(db: Queryable, needed: Needed): Promise<Facts> {
  const [found] = await db.query<Facts>(facts, [Object.keys(needed)]);
  if (found === undefined) throw refused(["the catalog could not be read"]);
  return found;
}

function missingTables({ tables }: Facts, needed: Needed): string | undefined {
  const missing = Object.keys(needed).filter((name) => !tables.includes(name));
  return missing.length === 0 ? undefined : `public has no table ${missing.join(" and no table ")}`;
}

async function refuseUnfit(db: Queryable, found: Facts, needed: Needed, others: readonly string[] = []): Promise<void> {
  const problems = [
    ...found.foreign.map((name) => `${name} belongs to another role than ${found.role}: adopt as its owner`),
    ...found.forced.map((name) => `${name} forces row-level security on its owner, who runs our triggers: unforce it`),
    ...(await columnProblems(db, needed)),
    ...others,
  ];
  if (problems.length > 0) throw refused(problems);
}

async function columnProblems(db: Queryable, needed: Needed): Promise<string[]> {
  const names = Object.keys(needed);
  const there = new Map<string, string>();
  for (const { table, name, type } of await db.query<{ table: string; name: string; type: string }>(columns, [names])) {
    there.set(`${table}.${name}`, type);
  }
  return Object.entries(needed).flatMap(([table, fields]) =>
    Object.entries(fields).flatMap(([name, types]) => {
      const type = there.get(`${table}.${name}`);
      if (type === undefined) return [`${table}.${name} is missing`];
      const isFit = types.length === 0 || types.includes(type);
      return isFit ? [] : [`${table}.${name} is ${type}; expected ${types.join(" or ")}`];
    }),
  );
}
