import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { newId, repeatableId, traceIdOf } from "../../src/domain/ids.ts";
import { monthOf } from "../../src/domain/partition-report.ts";
import type { Database } from "../../src/store/database.ts";
import { migrate, readMigrations } from "../../src/store/migrate.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";
import { sampleRecord } from "../mirror/rows.ts";
import { openTransaction } from "../metrics/open-transaction.ts";
import { openTestEmbedded, openTestPostgres } from "../support/databases.ts";
import { describeSchema } from "../support/describe-schema.ts";
import {
  countOf,
  inMonth,
  insertAt,
  insertWithIds,
  judgeAt,
  keepAt,
  openPartitioned,
  partitionOf,
  rowsByPartition,
} from "./partitioned-rows.ts";

const additions = new URL("../../src/store/partitions/sql/", import.meta.url);
const aPartition = /ai_(suggestions|traces)_(early|late|other|\d{4}_\d{2})/u;

async function openEmbedded({ migrated }: { migrated: boolean }): Promise<Database> {
  const opened = await openTestEmbedded();
  onTestFinished(() => opened.drop());
  if (!migrated) await opened.db.query("drop schema public cascade; create schema public");
  return opened.db;
}

async function openServer({ migrated }: { migrated: boolean }): Promise<Database> {
  const opened = await openTestPostgres({ migrated });
  onTestFinished(() => opened.drop());
  return opened.db;
}

/** The schema without the partitions, as lines; an index of a partitioned table is `only` a frame of those of its partitions. */
const schemaLines = async (db: Database): Promise<string[]> =>
  (await describeSchema(db))
    .replaceAll(" ON ONLY public.", " ON public.")
    .split("\n")
    .filter((line) => !aPartition.test(line));

describe.each([
  { kind: "embedded", open: openEmbedded },
  { kind: "postgres", open: openServer },
])("migrate --partition month on $kind", ({ open }) => {
  it("makes what it makes without, by month, and later migrations go on as ever", async () => {
    const [plain, partitioned] = [await open({ migrated: true }), await open({ migrated: false })];
    const { version } = await migrate(partitioned, { partition: "month" });
    const [without, withParts] = [await schemaLines(plain), await schemaLines(partitioned)];
    expect(without.filter((line) => !withParts.includes(line))).toEqual([]);
    const added = withParts.filter((line) => !without.includes(line));
    expect(added.filter((line) => /^(CREATE (INDEX|UNIQUE|TRIGGER)|ai_|\w+ on )/u.test(line))).toEqual([]);
    expect(added).toContain("  id uuid not null default uptake_new_id()");

    const [, ...compressed] = await columnStorage(partitioned, partitionOf("ai_suggestions", 0));
    expect(compressed).toEqual((await columnStorage(plain, "ai_suggestions")).slice(1));
    expect(await toastTarget(plain, "ai_suggestions")).toEqual(["toast_tuple_target=128"]);
    expect(await toastTarget(partitioned, partitionOf("ai_suggestions", 1))).toEqual(["toast_tuple_target=128"]);

    expect(await migrate(partitioned)).toEqual({ applied: [], version });
    expect(await migrate(partitioned, { partition: "month" })).toEqual({ applied: [], version });
  });

  it("is refused once the tables are there, and changes nothing then", async () => {
    const db = await open({ migrated: true });
    const before = await describeSchema(db);
    await expect(migrate(db, { partition: "month" })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(
        /--partition: .*without partitions.*empty database.*Nothing was changed/u,
      ) as unknown,
    });
    expect(await describeSchema(db)).toBe(before);
  });
});

async function columnStorage(db: Database, table: string): Promise<readonly unknown[]> {
  return db.query(
    "select attname, attcompression, attstorage from pg_attribute where attrelid = $1::regclass and attnum > 0 order by attnum",
    [table],
  );
}

async function toastTarget(db: Database, table: string): Promise<unknown> {
  return (
    await db.query<{ reloptions: unknown }>("select reloptions from pg_class where oid = $1::regclass", [table])
  )[0]?.reloptions;
}

describe("the SQL that follows a migration in a partitioned database", () => {
  it("is named for a migration that there is", () => {
    const known = readMigrations().map(({ name }) => `${name}.sql`);
    for (const file of readdirSync(additions)) expect(known).toContain(file);
  });
});

describe("ids", () => {
  it("of a month lie in its partition, from its first millisecond to its last, in both tables", async () => {
    const { db } = await openPartitioned();
    const begin = Date.parse(monthOf(new Date(), 1));
    const end = Date.parse(monthOf(new Date(), 2));
    for (const ms of [begin - 1, begin, end - 1, end]) await insertAt(db, new Date(ms), 1);
    for (const table of ["ai_suggestions", "ai_traces"]) {
      expect(await rowsByPartition(db, table)).toEqual({
        [partitionOf(table, 0)]: 1,
        [partitionOf(table, 1)]: 2,
        [partitionOf(table, 2)]: 1,
      });
    }
  });

  it("of now, ours and those that plain inserts are given, lie in this month's", async () => {
    const { db } = await openPartitioned();
    await insertWithIds(db, new Date(), [newId()]);
    const rows = await db.query<{ id: string }>(
      "insert into ai_suggestions (suggested_response) select 'x' from generate_series(1, 100) returning id",
    );
    expect(await rowsByPartition(db)).toEqual({ [partitionOf("ai_suggestions", 0)]: 101 });
    expect(new Set(rows.map(({ id }) => id)).size).toBe(100);
    for (const { id } of rows)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
  });

  it("without a time, or with a wrong one, have their place, and are found and unique like all others", async () => {
    const { db } = await openPartitioned();
    const ids = Array.from({ length: 1000 }, () => randomUUID());
    await insertWithIds(db, new Date(), ids);
    const [long, far] = [new Date("2019-05-05T00:00Z"), new Date("2077-05-05T00:00Z")];
    await insertAt(db, long, 1);
    await insertAt(db, far, 1);
    const found = await rowsByPartition(db);
    expect(found["ai_suggestions_late"]).toBeGreaterThan(900);
    expect(found["ai_suggestions_other"]).toBeGreaterThanOrEqual(1);
    await db.query(
      "insert into ai_suggestions (id, suggested_response) select unnest($1::uuid[]), 'again' on conflict (id) do nothing",
      [ids],
    );
    expect(await countOf(db, "ai_suggestions")).toBe(1002);
  });
});

describe("statements on the partitioned tables", () => {
  it("may not name a partition, where no trigger would see them", async () => {
    const { db } = await openPartitioned();
    const part = partitionOf("ai_suggestions", 0);
    const [id = ""] = await insertAt(db, new Date(), 1);
    for (const sql of [
      `insert into ${part} (id, suggested_response) values ('${newId()}', 'x')`,
      `update ${part} set status = 'error'`,
      `delete from ${part} where id = '${id}'`,
      `insert into ai_suggestions_other (id, suggested_response) values ('${repeatableId(inMonth(30), "x")}', 'x')`,
      `insert into ${partitionOf("ai_traces", 0)} (trace_id, suggestion_id, observations) values ('${traceIdOf(newId())}', '${id}', '[]')`,
    ]) {
      await expect(db.query(sql)).rejects.toMatchObject({
        code: "23001",
        message: expect.stringContaining("is a partition") as unknown,
      });
    }
    expect(await countOf(db, "ai_suggestions")).toBe(1);
  });

  it("write a batch twice and complete what a host has left pending, as on plain tables", async () => {
    const { db } = await openPartitioned();
    const records = Array.from({ length: 20 }, (_, n) => sampleRecord(n));
    await db.query(
      "insert into ai_suggestions (id, suggested_response, status) values ($1, 'Processing...', 'pending')",
      [records[0]?.id],
    );
    await insertSuggestions(db, records.map(rowOf));
    await insertSuggestions(db, records.map(rowOf));
    expect(await countOf(db, "ai_suggestions where status = 'completed' or status = 'error'")).toBe(20);
    expect(await countOf(db, "ai_traces")).toBe(20);
    expect(await countOf(db, "langfuse_outbox")).toBe(20);
  });

  it("lock and touch only the partition of the suggestion that is judged", async () => {
    const { db } = await openPartitioned();
    const [id = ""] = await insertAt(db, inMonth(1), 1);
    await db.transaction(async (tx) => {
      await judgeAt(tx, new Date(), [id]);
      const locked = await tx.query<{ name: string }>(
        `select c.relname as name from pg_locks l join pg_class c on c.oid = l.relation
         where l.pid = pg_backend_pid() and l.mode = 'RowExclusiveLock' and c.relkind = 'r' and c.relispartition`,
      );
      expect(locked).toEqual([{ name: partitionOf("ai_suggestions", 1) }]);
    });
    expect(await db.query("select outcome from ai_suggestions")).toEqual([{ outcome: "accepted" }]);
  });
});

describe("making partitions ahead", () => {
  it("has three months in hand, and makes the fourth when the month turns", async () => {
    const { db } = await openPartitioned();
    expect(await keepAt(db, new Date())).toMatchObject({ made: [], unmade: [] });
    expect(await keepAt(db, inMonth(1))).toMatchObject({
      made: [partitionOf("ai_suggestions", 4), partitionOf("ai_traces", 4)],
      unmade: [],
    });
  });

  it("takes along what lies in the default partition, which neither mirrors nor counts anything again", async () => {
    const { db } = await openPartitioned();
    await insertAt(db, inMonth(4), 50);
    await insertAt(db, inMonth(9), 7);
    const before = [await countOf(db, "langfuse_outbox"), await countOf(db, "rollup_deltas")];
    expect((await keepAt(db, inMonth(2))).made).toContain(partitionOf("ai_suggestions", 4));
    for (const table of ["ai_suggestions", "ai_traces"]) {
      expect(await rowsByPartition(db, table)).toEqual({ [partitionOf(table, 4)]: 50, [`${table}_other`]: 7 });
    }
    expect([await countOf(db, "langfuse_outbox"), await countOf(db, "rollup_deltas")]).toEqual(before);
    await expect(db.query("delete from ai_suggestions_other")).rejects.toMatchObject({ code: "23001" });
  });

  it("leaves a month in the default partition that has more rows there than can be moved in an instant, and makes the next", async () => {
    const { db } = await openPartitioned();
    await db.query(
      `insert into ai_suggestions (id, suggested_response)
       select (left(replace(uptake_id_floor($1)::text, '-', ''), 12) || '7' || lpad(to_hex(n), 19, '0'))::uuid, 'x'
       from generate_series(1, 10001) n`,
      [inMonth(4)],
    );
    const { made, unmade } = await keepAt(db, inMonth(2));
    expect(unmade).toEqual([{ table: partitionOf("ai_suggestions", 4), why: "crowded" }]);
    expect(made).toEqual([partitionOf("ai_traces", 4), partitionOf("ai_suggestions", 5), partitionOf("ai_traces", 5)]);
    expect(await rowsByPartition(db)).toEqual({ ai_suggestions_other: 10001 });
  });

  it("gives up where somebody holds the default partition, and lets the others write meanwhile", async () => {
    const { db } = await openPartitioned();
    const release = await openTransaction(db, (tx) => tx.query("select from ai_suggestions_other"));
    expect((await keepAt(db, inMonth(1))).unmade).toEqual([
      { table: partitionOf("ai_suggestions", 4), why: "blocked" },
    ]);
    await insertAt(db, new Date(), 1);
    await release();
    expect((await keepAt(db, inMonth(1))).made).toEqual([partitionOf("ai_suggestions", 4)]);
  });

  it("is done once by several at once", async () => {
    const { db } = await openPartitioned();
    const reports = await Promise.all(Array.from({ length: 5 }, () => keepAt(db, inMonth(3))));
    expect(reports.flatMap(({ made }) => made).sort()).toEqual(
      [4, 5, 6].flatMap((n) => [partitionOf("ai_suggestions", n), partitionOf("ai_traces", n)]).sort(),
    );
  });
});
