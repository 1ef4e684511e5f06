import { describe, expect, it } from "vitest";
import { newId, traceIdOf } from "../../src/domain/ids.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";
import { createGroupCommit } from "../../src/track/group-commit.ts";
import { createTracker } from "../../src/track/tracker.ts";
import type { Tracker } from "../../src/track/tracker.ts";
import { describeEachDatabase, openTestPostgres } from "../support/databases.ts";
import { keepLog, recordOfSize, until } from "./memory-recorder.ts";
import type { LoggedLine } from "./memory-recorder.ts";

type Row = Readonly<Record<string, unknown>>;

/** A tracker that writes into the database and counts its statements. */
function trackInto(db: Queryable): { tracker: Tracker; logged: LoggedLine[]; statementCount: () => number } {
  const { log, logged } = keepLog();
  let statements = 0;
  const recorder = createGroupCommit({
    log,
    async write(rows) {
      statements++;
      await insertSuggestions(db, rows);
    },
  });
  const parts = { projectId: "default", environment: "test", release: "r1", now: Date.now, log };
  // A slow machine is not what these tests are about.
  const tracker = createTracker({ recorder, commitTimeoutMs: 30_000, ...parts });
  return { tracker, logged, statementCount: () => statements };
}

const counts = async (db: Queryable): Promise<Row | undefined> => {
  const [row] = await db.query<Row>(
    `select (select count(*) from ai_suggestions) as suggestions, (select count(*) from ai_traces) as traces,
      (select count(*) from langfuse_outbox) as messages, (select count(*) from rollup_deltas) as deltas`,
  );
  return row;
};

const suggestion = async (db: Queryable, id: string): Promise<Row> => {
  const [row] = await db.query<Row>("select * from ai_suggestions where id = $1", [id]);
  if (row === undefined) throw new Error(`suggestion ${id} is missing`);
  return row;
};

const observations = async (db: Queryable, id: string): Promise<readonly Row[]> => {
  const [row] = await db.query<{ observations: readonly Row[] }>(
    "select observations from ai_traces where suggestion_id = $1",
    [id],
  );
  return row?.observations ?? [];
};

describeEachDatabase("tracked suggestions", (open) => {
  it("are in both tables, complete, when an awaited call returns", async () => {
    const db = await open();
    const { tracker } = trackInto(db);
    const usage = { input: 60, input_cached_tokens: 40, output: 20 };
    const reply = tracker.track(
      "generate-message-suggestion",
      async (_: { ticketId: string }, run) => {
        await run.observe("search", { type: "retriever", input: "refund" }, async () => ["a1"]);
        const options = {
          model: "m",
          prompt: { name: "reply", version: 7 },
          messages: [{ role: "user" }],
          costUsd: 1e-7,
        };
        await run.generate(options, async (generation) => generation.update({ usage, output: "Dear …" }));
        return run.suggest("Dear customer", { confidence: 0.5, messageId: "m-1", metadata: { locale: "de" } });
      },
      { ticketId: (input) => input.ticketId },
    );
    const { suggestionId } = await reply({ ticketId: "t-1" });
    const trace = await observations(db, suggestionId);
    expect(await suggestion(db, suggestionId)).toMatchObject({
      ticket_id: "t-1",
      message_id: "m-1",
      suggested_response: "Dear customer",
      confidence_score: 0.5,
      status: "completed",
      outcome: "pending",
      function_name: "generate-message-suggestion",
      environment: "test",
      release: "r1",
      model: "m",
      prompt_name: "reply",
      prompt_version: "7",
      trace_id: traceIdOf(suggestionId),
      observation_id: trace[2]?.["id"],
      input_tokens: 100,
      output_tokens: 20,
      cost_usd: 1e-7,
      time_to_first_token_ms: null,
      error_type: null,
      metadata: {
        locale: "de",
        trace_id: traceIdOf(suggestionId),
        model: "m",
        prompt_name: "reply",
        prompt_version: 7,
      },
    });
    expect(trace).toMatchObject([
      // Its text and its metadata stand in the row of the suggestion.
      { type: "agent", parentId: null, input: { ticketId: "t-1" } },
      { type: "retriever", name: "search", input: "refund", output: ["a1"] },
      { type: "generation", model: "m", usage, costUsd: 1e-7, output: "Dear …" },
    ]);
    expect(Object.keys(trace?.[0] ?? {})).not.toContain("output");
    expect(Object.keys(trace?.[0] ?? {})).not.toContain("metadata");
    expect(await counts(db)).toMatchObject({ suggestions: 1, traces: 1, messages: 1 });
  });

  it("that failed carry their error", async () => {
    const db = await open();
    const { tracker } = trackInto(db);
    const id = newId();
    const failing = tracker.track("f", () => Promise.reject(new TypeError("no model")), { suggestionId: () => id });
    await expect(failing()).rejects.toThrow("no model");
    const error = { status: "error", error_type: "TypeError", error_message: "no model", suggested_response: "" };
    expect(await suggestion(db, id)).toMatchObject(error);
  });

  it("written again change nothing, not even within one statement", async () => {
    const db = await open();
    const record = recordOfSize(newId());
    await insertSuggestions(db, [rowOf(record), rowOf({ ...record, suggestedResponse: "a second of the same id" })]);
    const before = await counts(db);
    const row = await suggestion(db, record.id);
    await insertSuggestions(db, [rowOf({ ...record, suggestedResponse: "later" }), rowOf(recordOfSize(newId()))]);
    await insertSuggestions(db, []);
    expect(await suggestion(db, record.id)).toEqual(row);
    expect(row["created_at"]).toEqual(new Date("2026-01-02T03:04:05.678Z"));
    expect(before).toMatchObject({ suggestions: 1, traces: 1, messages: 1 });
    expect(await counts(db)).toMatchObject({ suggestions: 2, traces: 2, messages: 2 });
  });

  it("complete a host's pending row and keep what the host wrote; a finished one is left alone", async () => {
    const db = await open();
    const { tracker } = trackInto(db);
    const [pending, finished] = [newId(), newId()];
    await db.query(
      `insert into ai_suggestions (id, ticket_id, suggested_response, confidence_score, status, metadata, created_at)
       values ($1, 'host', 'Processing...', 0, 'pending', '{"host": 1}', '2026-01-01T00:00:00Z'),
         ($2, 'host', 'settled', 1, 'accepted', '{}', '2026-01-01T00:00:00Z')`,
      [pending, finished],
    );
    const reply = tracker.track("reply", async (_: string, run) => run.suggest("new", { ticketId: "ours" }), {
      suggestionId: (id) => id,
    });
    await reply(pending);
    await reply(finished);
    const completed = await suggestion(db, pending);
    const facts = { ticket_id: "host", suggested_response: "new", status: "completed", function_name: "reply" };
    expect(completed).toMatchObject({ ...facts, metadata: { host: 1, trace_id: traceIdOf(pending) } });
    expect(completed["created_at"]).toEqual(new Date("2026-01-01T00:00:00Z"));
    expect(completed["confidence_score"]).toBeNull();
    const untouched = { suggested_response: "settled", status: "accepted", function_name: null, confidence_score: 1 };
    expect(await suggestion(db, finished)).toMatchObject(untouched);
  });

  it("hold odd content: NUL, lone surrogates, a megabyte, BigInt, circles, hostile names", async () => {
    const db = await open();
    const { tracker, logged } = trackInto(db);
    const circular: Record<string, unknown> = { big: 12n, nul: "a\0b", "k\0\ud800": "\udfff" };
    circular["self"] = circular;
    const evil = `"},{"id":"x\\u0000\\\ud800'; drop table ai_suggestions; --`;
    const odd = tracker.track(evil, async (input: { text: string }, run) => {
      run.annotate({ [evil]: evil, circular });
      await run.observe(evil, { input: circular, type: evil as "tool" }, async () => new Map([[1n, circular]]));
      await run.generate({ model: evil, prompt: { name: evil, version: evil } }, async () => circular);
      return run.suggest(input.text, { ticketId: evil });
    });
    for (const text of ["a\0b\ud800c", "x".repeat(1_000_000), evil, ""]) {
      const { suggestionId } = await odd({ text });
      const row = await suggestion(db, suggestionId);
      const stored = text.toWellFormed().replaceAll("\0", "\ufffd");
      const cut = `${"x".repeat(200_000)} [cut: 800000 of 1000000 characters]`;
      expect(row["suggested_response"]).toBe(text.length > 200_000 ? cut : stored);
      expect(row["function_name"]).toBe(evil.toWellFormed());
      expect(await observations(db, suggestionId)).toHaveLength(3);
    }
    const failing = tracker.track("f", async () => {
      throw new Error("nul \0 and \ud800");
    });
    await expect(failing()).rejects.toThrow("nul \0 and \ud800");
    expect(logged).toEqual([]);
    expect(await counts(db)).toMatchObject({ suggestions: 5, traces: 5 });
  });

  it("of 5,000 concurrent calls take few statements", async () => {
    const db = await open();
    const { tracker, statementCount, logged } = trackInto(db);
    const f = tracker.track("f", async (input: number) => `answer ${input}`);
    await Promise.all(Array.from({ length: 5_000 }, (_, index) => f(index)));
    expect(await counts(db)).toMatchObject({ suggestions: 5_000, traces: 5_000 });
    expect(statementCount()).toBeLessThanOrEqual(12);
    expect(logged).toEqual([]);
  });
});

describe("a database in trouble", () => {
  it("whose connection is killed again and again gets every suggestion, once", async () => {
    const postgres = await openTestPostgres();
    const { db, url } = postgres;
    const admin = await openPostgres({ url, maxConnections: 1 });
    try {
      const { tracker, logged } = trackInto(db);
      const f = tracker.track("f", async (input: number) => `answer ${input}`);
      const calls: Promise<string>[] = [];
      for (let round = 0; round < 20; round++) {
        for (let index = 0; index < 50; index++) calls.push(f(index));
        await new Promise((resolve) => setImmediate(resolve));
        await admin.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()",
        );
      }
      expect(new Set(await Promise.all(calls)).size).toBe(50);
      expect(await counts(admin)).toMatchObject({ suggestions: 1_000, traces: 1_000, messages: 1_000 });
      expect(logged.some(({ event }) => event === "track.write_failed")).toBe(true);
      await tracker.close();
    } finally {
      await admin.close();
      await postgres.drop();
    }
  });

  it("that is away costs bounded memory, callers get their results, and the rest is written when it is back", async () => {
    const postgres = await openTestPostgres();
    const { db } = postgres;
    try {
      let isAway = true;
      const { log, logged } = keepLog();
      const away: Pick<Database, "query"> = {
        query: (text, values) => (isAway ? Promise.reject(new Error("away")) : db.query(text, values)),
      };
      const recorder = createGroupCommit({
        log,
        maxWaiting: 1_000,
        maxWaitingBytes: 3_000_000,
        write: (rows) => insertSuggestions(away, rows),
      });
      const parts = { projectId: "default", environment: null, release: null, now: Date.now, log };
      const tracker = createTracker({ recorder, commitTimeoutMs: 10, ...parts });
      const f = tracker.track("f", async (input: string) => input.length);
      const heap = (): number => process.memoryUsage().heapUsed;
      const before = heap();
      for (let round = 0; round < 100; round++) {
        const texts = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(10_000, "x"));
        expect(await Promise.all(texts.map((text) => f(text)))).toEqual(texts.map(() => 10_000));
      }
      expect(heap() - before).toBeLessThan(100_000_000); // all 10,000 would be 200 MB
      isAway = false;
      await tracker.flush();
      await tracker.close();
      const lost = logged.filter(({ event }) => event === "track.dropped");
      const droppedCount = lost.reduce((sum, { facts }) => sum + Number(facts["count"]), 0);
      const stored = Number((await counts(db))?.["suggestions"]);
      expect(stored).toBeGreaterThan(100);
      expect(stored + droppedCount).toBe(10_000);
    } finally {
      await postgres.drop();
    }
  });

  it("that refuses one row writes all the others", async () => {
    const postgres = await openTestPostgres();
    const { db } = postgres;
    try {
      await db.query("alter table ai_suggestions add constraint no_swearing check (suggested_response <> 'darn')");
      const { tracker, logged } = trackInto(db);
      const f = tracker.track("f", async (input: number) => (input === 77 ? "darn" : "fine"));
      await Promise.all(Array.from({ length: 200 }, (_, index) => f(index)));
      expect(await counts(db)).toMatchObject({ suggestions: 199, traces: 199 });
      expect(logged.find(({ event }) => event === "track.refused")?.facts).toMatchObject({ code: "23514", count: 1 });
      await until(() => logged.some(({ event }) => event === "track.not_recorded"));
    } finally {
      await postgres.drop();
    }
  });
});
