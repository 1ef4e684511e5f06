import type { Database, Queryable } from "../../src/store/database.ts";

const TABLES = ["ai_suggestions", "ai_traces", "ai_feedback_events"] as const;
export type CopiedTable = (typeof TABLES)[number];

/** Empties all that an ingest writes. */
export async function emptyTables(db: Queryable): Promise<void> {
  await db.query(
    `truncate ${TABLES.join(", ")}, ai_feedback_waiting, langfuse_outbox, langfuse_deliveries, rollup_deltas,
     rollup_reason_deltas, ai_metrics_hourly, ai_metrics_daily, ai_feedback_reasons_hourly, ai_feedback_reasons_daily, aggregated_metrics_due`,
  );
  await db.query("checkpoint");
}

export async function setTriggers(db: Queryable, are: "enable" | "disable"): Promise<void> {
  for (const table of TABLES) await db.query(`alter table ${table} ${are} trigger user`);
}

/** Rows as binary COPY writes them, in files of the server's: no client and no network is in the way of the limit. */
export async function createCopies(db: Database) {
  const [row] = await db.query<{ folder: string }>("select current_setting('data_directory') as folder");
  const fileOf = (table: CopiedTable): string => `${row?.folder ?? ""}/${table}.copy`;
  return {
    async take(table: CopiedTable): Promise<void> {
      await db.query(`copy ${table} to '${fileOf(table)}' (format binary)`);
    },
    async put(tables: readonly CopiedTable[]): Promise<void> {
      await db.transaction(async (tx) => {
        for (const table of tables) await tx.query(`copy ${table} from '${fileOf(table)}' (format binary)`);
      });
    },
  };
}

export type Copies = Awaited<ReturnType<typeof createCopies>>;

/** Bytes that the values of a table's columns are: texts as they are, uncompressed; numbers and times in their binary form. */
export async function rawBytesOf(db: Queryable, table: CopiedTable): Promise<number> {
  const columns = await db.query<{ name: string; isText: boolean }>(
    `select attname as name, typname in ('text', 'jsonb', '_text') as "isText"
     from pg_attribute join pg_type t on t.oid = atttypid
     where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [table],
  );
  const sizes = columns.map(
    ({ name, isText }) => `coalesce(sum(${isText ? `octet_length(${name}::text)` : `pg_column_size(${name})`}), 0)`,
  );
  const [row] = await db.query<{ bytes: number }>(`select ${sizes.join(" + ")} as bytes from ${table}`);
  return row?.bytes ?? Number.NaN;
}

/** Bytes on disk of a table with its indexes and what lies beside it. */
export async function diskBytesOf(db: Queryable, table: CopiedTable): Promise<number> {
  const [row] = await db.query<{ bytes: number }>("select pg_total_relation_size($1::regclass) as bytes", [table]);
  return row?.bytes ?? Number.NaN;
}
