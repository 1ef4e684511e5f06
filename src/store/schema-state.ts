import { substituteFor, isAdopted } from "./adoption/adopted.ts";
import { isInferring } from "./adoption/infer.ts";
import type { Queryable } from "./database.ts";
import { readMigrations } from "./migrate.ts";
import { isPartitioned } from "./partitions/partitioned.ts";

/** How the tables stand to this program, read without changing anything. */
export type SchemaState = {
  /** `host`: an application's own tables, not adopted; `behind`: some migrations are missing, all of them where it is empty. */
  readonly kind: "empty" | "host" | "behind" | "current" | "newer" | "edited";
  readonly version: number;
  readonly programVersion: number;
};

const presence = `
  select to_regclass('public.schema_migrations') is not null as "hasLedger",
    to_regclass('public.ai_suggestions') is not null as "hasSuggestions"
`;

export async function readSchemaState(db: Queryable): Promise<SchemaState> {
  const migrations = readMigrations();
  const programVersion = migrations.length;
  const [found] = await db.query<{ hasLedger: boolean; hasSuggestions: boolean }>(presence);
  if (found?.hasLedger !== true) {
    return { kind: found?.hasSuggestions === true ? "host" : "empty", version: 0, programVersion };
  }
  const applied = await db.query<{ version: number; checksum: string }>(
    "select version, checksum from public.schema_migrations order by version",
  );
  const version = applied.at(-1)?.version ?? 0;
  if (version > programVersion) return { kind: "newer", version, programVersion };
  const isEdited = applied.some(({ checksum }, position) => migrations[position]?.checksum !== checksum);
  if (isEdited) return { kind: "edited", version, programVersion };
  return { kind: version < programVersion ? "behind" : "current", version, programVersion };
}

export type TableTrigger = { readonly table: string; readonly name: string };

const CREATE_TRIGGER = /create trigger (\w+)[^;]*? on (\w+)\b[^;]*?execute function/gu;

/** The triggers that the migrations make, by the ground they were made on. */
export async function expectedTriggers(db: Queryable): Promise<readonly TableTrigger[]> {
  const adopted = await isAdopted(db);
  const inferring = adopted && (await isInferring(db));
  const texts = readMigrations().map(({ name, sql }) => (adopted ? (substituteFor(name) ?? sql) : sql));
  const made = texts.flatMap((sql) =>
    [...sql.matchAll(CREATE_TRIGGER)].map(([, name = "", table = ""]) => ({ table, name })),
  );
  return inferring ? [...made, { table: "ticket_messages", name: "uptake_messages_inserted" }] : made;
}

/** What this database is, beside the version. */
export async function readGround(db: Queryable): Promise<{ readonly adopted: boolean; readonly partitioned: boolean }> {
  return { adopted: await isAdopted(db), partitioned: await isPartitioned(db) };
}
