import { describe, expect, it } from "vitest";
import { describeEachDatabase, openTestEmbedded, openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

const everyType = `
select 9007199254740991::bigint as "bigint", 12.5::numeric as "numeric", 7::integer as "integer", 0.5::real as "real",
  timestamptz '2026-01-02 03:04:05.678+00' as "timestamptz", date '2026-01-02' as "date",
  timestamp '2026-01-02 03:04:05' as "timestamp", interval '1 day 02:00' as "interval", '{"a":[1,null]}'::jsonb as "jsonb",
  '[1]'::json as "json", array[1, null, 3]::bigint[] as "bigints", array[1.5]::numeric[] as "numerics",
  array['a', null]::text[] as "texts", array[1, 2]::smallint[] as "smallints", '\\x00ff'::bytea as "bytea", true as "boolean",
  null::text as "nothing", '018f0000-0000-7000-8000-000000000000'::uuid as "uuid"`;

const asExpected = {
  bigint: 9_007_199_254_740_991,
  numeric: 12.5,
  integer: 7,
  real: 0.5,
  timestamptz: new Date("2026-01-02T03:04:05.678Z"),
  date: "2026-01-02",
  timestamp: "2026-01-02 03:04:05",
  interval: "1 day 02:00:00",
  jsonb: { a: [1, null] },
  json: [1],
  bigints: [1, null, 3],
  numerics: [1.5],
  texts: ["a", null],
  smallints: [1, 2],
  bytea: new Uint8Array([0, 255]),
  boolean: true,
  nothing: null,
  uuid: "018f0000-0000-7000-8000-000000000000",
};

describeEachDatabase("a database", (open) => {
  it("gives rows of the documented types", async () => {
    const db = await open();
    expect(await db.query(everyType)).toStrictEqual([asExpected]);
  });

  it("takes parameters of every type and gives them back", async () => {
    const db = await open();
    const at = new Date("2026-01-02T03:04:05.678Z");
    const [row] = await db.query(
      "select $1::text as text, $2::bigint as number, $3::timestamptz as at, $4::jsonb as json, $5::text[] as texts, $6::bytea as bytes, $7::text as nothing, $8::jsonb[] as jsons",
      ["é\u{1f600}", 3, at, { a: [1] }, ["x", null], new Uint8Array([1, 2]), undefined, [{ b: 1 }]],
    );
    expect(row).toStrictEqual({
      text: "é\u{1f600}",
      number: 3,
      at,
      json: { a: [1] },
      texts: ["x", null],
      bytes: new Uint8Array([1, 2]),
      nothing: null,
      jsons: [{ b: 1 }],
    });
  });

  it("runs many statements in one text without parameters and gives the rows of the last", async () => {
    const db = await open();
    expect(await db.query("select 1 as a; select 2 as b")).toEqual([{ b: 2 }]);
  });

  it("passes on what Postgres says about an error", async () => {
    const db = await open();
    const insert = "insert into ai_feedback_events (suggestion_id, feedback_type) values (gen_random_uuid(), $1)";
    await expect(db.query(insert, ["rejection"])).rejects.toMatchObject({
      name: "error",
      code: "23514",
      constraint: "ai_feedback_events_reason",
      table: "ai_feedback_events",
      severity: "ERROR",
    });
    await expect(db.query("select 1 from nowhere")).rejects.toMatchObject({ code: "42P01", position: "15" });
    expect(await db.query("select 1 as alive")).toEqual([{ alive: 1 }]);
  });

  it("refuses a NUL character and goes on", async () => {
    const db = await open();
    await expect(db.query("select $1::text", ["a\0b"])).rejects.toMatchObject({ code: "22021" });
    expect(await db.query("select 1 as alive")).toEqual([{ alive: 1 }]);
  });

  it("commits what a transaction did and returns what its callback returned", async () => {
    const db = await open();
    const result = await db.transaction(async (tx) => {
      await tx.query("insert into kb_articles (id, title, content) values ('a', 't', 'c')");
      return "done";
    });
    expect(result).toBe("done");
    expect(await db.query("select id from kb_articles")).toEqual([{ id: "a" }]);
  });

  it("rolls a transaction back when its callback throws, and throws the same error", async () => {
    const db = await open();
    const problem = new Error("no");
    const failed = db.transaction(async (tx) => {
      await tx.query("insert into kb_articles (id, title, content) values ('a', 't', 'c')");
      throw problem;
    });
    await expect(failed).rejects.toBe(problem);
    expect(await db.query("select id from kb_articles")).toEqual([]);
  });

  it("does not call a transaction committed in which a failed statement was swallowed", async () => {
    const db = await open();
    const swallowed = db.transaction(async (tx) => {
      await tx.query("insert into kb_articles (id, title, content) values ('a', 't', 'c')");
      await tx.query("select 1 from nowhere").catch(() => {});
    });
    await expect(swallowed).rejects.toThrow(/rolled back at commit/);
    expect(await db.query("select id from kb_articles")).toEqual([]);
    expect(await db.transaction((tx) => tx.query("select 1 as alive"))).toEqual([{ alive: 1 }]);
  });

  it("throws when the commit itself fails, and goes on", async () => {
    const db = await open();
    const failed = db.transaction(async (tx) => {
      await tx.query("create temp table parents (id integer primary key)");
      await tx.query("create temp table children (parent integer references parents deferrable initially deferred)");
      await tx.query("insert into children values (1)");
    });
    await expect(failed).rejects.toMatchObject({ code: "23503" });
    expect(await db.transaction((tx) => tx.query("select 1 as alive"))).toEqual([{ alive: 1 }]);
  });

  it("keeps transactions and other queries apart", async () => {
    const db = await open();
    await db.query("create temp table if not exists unused ()"); // both kinds know temporary tables
    const seen: unknown[] = [];
    await Promise.all([
      ...Array.from({ length: 8 }, (_, i) =>
        db
          .transaction(async (tx) => {
            await tx.query("insert into kb_articles (id, title, content) values ($1, 't', 'c')", [`t${i}`]);
            await new Promise((resolve) => setImmediate(resolve));
            if (i % 2 === 1) throw new Error("rolled back");
          })
          .catch(() => {}),
      ),
      ...Array.from({ length: 8 }, async (_, i) => {
        await db.query("insert into kb_articles (id, title, content) values ($1, 't', 'c')", [`q${i}`]);
        seen.push(i);
      }),
    ]);
    expect(seen).toHaveLength(8);
    const rows = await db.query<{ id: string }>("select id from kb_articles order by id");
    expect(rows.map(({ id }) => id)).toEqual(["q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "t0", "t2", "t4", "t6"]);
  });

  it("refuses the outer database inside a transaction instead of waiting for itself for ever", async () => {
    const db = await open();
    const misuses: (() => Promise<unknown>)[] = [
      () => db.query("select 1"),
      () => db.transaction(() => Promise.resolve()),
      () => db.listen("c", () => {}),
    ];
    for (const misuse of misuses) {
      await expect(db.transaction(misuse)).rejects.toThrow(/inside a transaction's callback/);
    }
    expect(await db.query("select 1 as alive")).toEqual([{ alive: 1 }]);
  });

  it("refuses a transaction that is over", async () => {
    const db = await open();
    const leaked = await db.transaction((tx) => Promise.resolve(tx));
    await expect(leaked.query("select 1")).rejects.toThrow(/transaction was over/);
  });

  it("lets what was started in a transaction use the database after it", async () => {
    const db = await open();
    let later: Promise<unknown> | undefined;
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    await db.transaction(async () => {
      later = gate.then(() => db.query("select 1 as alive"));
    });
    go();
    expect(await later).toEqual([{ alive: 1 }]);
  });

  it("notifies every listener of a channel once the sender has committed, and no more after it stopped", async () => {
    const db = await open();
    const heard: string[] = [];
    const stopFirst = await db.listen("Odd channel", (payload) => heard.push(`1 ${payload}`));
    const stopSecond = await db.listen("Odd channel", (payload) => heard.push(`2 ${payload}`));
    await db.transaction((tx) => tx.query("select pg_notify('Odd channel', 'a')"));
    await eventually("both have heard", () => heard.length === 2);
    await stopFirst();
    await db
      .transaction(async (tx) => {
        await tx.query("select pg_notify('Odd channel', 'undone')");
        throw new Error("rolled back");
      })
      .catch(() => {});
    await db.query("select pg_notify('Odd channel', 'b')");
    await eventually("the second has heard", () => heard.length === 3);
    await stopSecond();
    await db.query("select pg_notify('Odd channel', 'c')");
    await db.query("select 1");
    expect(heard.sort()).toEqual(["1 a", "2 a", "2 b"]);
  });
});

describe.each([
  { kind: "embedded", openOne: openTestEmbedded },
  { kind: "postgres", openOne: openTestPostgres },
])("closing a database on $kind", ({ openOne }) => {
  it("closes once, and refuses later queries", async () => {
    const opened = await openOne();
    const { db } = opened;
    await db.listen("c", () => {});
    const first = db.close();
    expect(db.close()).toBe(first);
    await first;
    await expect(db.query("select 1")).rejects.toMatchObject({ code: "database_unavailable" });
    await expect(db.transaction(async () => {})).rejects.toMatchObject({ code: "database_unavailable" });
    await opened.drop();
  });
});
