import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { describeWithPartitions, openTestPostgres } from "../support/databases.ts";

const createdAt = new Date("2026-03-04T05:10:00Z");
const hour = Math.floor(createdAt.getTime() / 3_600_000);

type Standing = { outcome: string; decidedAt: Date | null; keptRatio: number | null };
type Sums = {
  suggestions: number;
  completed: number;
  errors: number;
  accepted: number;
  revised: number;
  rejected: number;
  latencyMs: number;
};

const none: Sums = { suggestions: 0, completed: 0, errors: 0, accepted: 0, revised: 0, rejected: 0, latencyMs: 0 };

/** Inserts as a host's own code would: plain SQL on the two tables. */
async function insertSuggestions(db: Database, count: number, status = "completed"): Promise<readonly string[]> {
  const rows = await db.query<{ id: string }>(
    `insert into ai_suggestions (suggested_response, status, function_name, latency_ms, created_at)
     select 'text', $2, 'reply', 100, $3 from generate_series(1, $1::integer) returning id`,
    [count, status, createdAt],
  );
  return rows.map(({ id }) => id);
}

type Act = { type: string; source?: string; minutes?: number; keptRatio?: number };

async function insertFeedback(db: Database, suggestionId: string, act: Act): Promise<void> {
  const { type, source = "explicit", minutes = 1, keptRatio = null } = act;
  await db.query(
    `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, source, kept_ratio, created_at)
     values ($1, $2, 'reason', $3, $4, $5)`,
    [suggestionId, type, source, keptRatio, new Date(createdAt.getTime() + minutes * 60_000)],
  );
}

async function standing(db: Database, id: string): Promise<Standing | undefined> {
  const [row] = await db.query<Standing>(
    `select outcome, decided_at as "decidedAt", kept_ratio as "keptRatio" from ai_suggestions where id = $1`,
    [id],
  );
  return row;
}

/** All deltas added up. */
async function sums(db: Database): Promise<Sums | undefined> {
  const [row] = await db.query<Sums>(
    `select coalesce(sum(suggestion_count), 0) as suggestions, coalesce(sum(completed_count), 0) as completed,
       coalesce(sum(error_count), 0) as errors, coalesce(sum(accepted_count), 0) as accepted,
       coalesce(sum(revised_count), 0) as revised, coalesce(sum(rejected_count), 0) as rejected,
       coalesce(sum(latency_ms_sum), 0) as "latencyMs"
     from rollup_deltas`,
  );
  return row;
}

const count = async (db: Database, table: string): Promise<number> => {
  const [row] = await db.query<{ n: number }>(`select count(*) as n from ${table}`);
  return row?.n ?? Number.NaN;
};

describeWithPartitions("the triggers", (open) => {
  it("take a batch of 500 suggestions as one: 500 messages, one delta", async () => {
    const db = await open();
    const ids = await insertSuggestions(db, 500);
    const messages = await db.query<{ ref: string }>("select ref from langfuse_outbox where kind = 'trace'");
    expect(messages.map(({ ref }) => ref).sort()).toEqual([...ids].sort());
    expect(await sums(db)).toEqual({ ...none, suggestions: 500, completed: 500, latencyMs: 50_000 });
    const deltas = await db.query(
      `select hour, coalesce(s.function_name, new_series[2]) as name, latency_count as n, cardinality(latency_buckets) as buckets
       from rollup_deltas left join metric_series s on s.id = series_id`,
    );
    expect(deltas).toEqual([{ hour, name: "reply", n: 500, buckets: 500 }]);
  });

  it("do nothing for a statement that inserts no rows", async () => {
    const db = await open();
    await db.query("insert into ai_suggestions (suggested_response) select 'x' where false");
    await db.query(
      "insert into ai_feedback_events (suggestion_id, feedback_type) select gen_random_uuid(), 'approval' where false",
    );
    await db.query("delete from ai_suggestions where false");
    expect(await count(db, "rollup_deltas")).toBe(0);
    expect(await count(db, "langfuse_outbox")).toBe(0);
  });

  it("undo everything together with the insert that is rolled back", async () => {
    const db = await open();
    const undone = db.transaction(async (tx) => {
      await tx.query("insert into ai_suggestions (suggested_response, status) values ('x', 'completed')");
      throw new Error("no");
    });
    await expect(undone).rejects.toThrow("no");
    for (const table of ["ai_suggestions", "langfuse_outbox", "rollup_deltas", "metric_series"])
      expect(await count(db, table)).toBe(0);
  });

  it("let a person's act decide, in the suggestion, the deltas and the outbox", async () => {
    const db = await open();
    const [id = ""] = await insertSuggestions(db, 1);
    await insertFeedback(db, id, { type: "approval", keptRatio: 1 });
    expect(await standing(db, id)).toEqual({
      outcome: "accepted",
      decidedAt: new Date("2026-03-04T05:11:00Z"),
      keptRatio: 1,
    });
    expect(await sums(db)).toEqual({ ...none, suggestions: 1, completed: 1, accepted: 1, latencyMs: 100 });
    expect(await db.query("select kind from langfuse_outbox order by id")).toEqual([
      { kind: "trace" },
      { kind: "feedback" },
    ]);
  });

  it("move a changed mind from one count to the other; the first act's time stays", async () => {
    const db = await open();
    const [id = ""] = await insertSuggestions(db, 1);
    await insertFeedback(db, id, { type: "approval", minutes: 1 });
    await insertFeedback(db, id, { type: "rejection", minutes: 9 });
    expect(await standing(db, id)).toMatchObject({ outcome: "rejected", decidedAt: new Date("2026-03-04T05:11:00Z") });
    expect(await sums(db)).toMatchObject({ suggestions: 1, accepted: 0, rejected: 1 });
  });

  it("let the newest act decide in whatever order they arrive, and a stated one before an inferred one", async () => {
    const db = await open();
    const [late = "", stated = ""] = await insertSuggestions(db, 2);
    await insertFeedback(db, late, { type: "rejection", minutes: 9 });
    await insertFeedback(db, late, { type: "approval", minutes: 1 });
    expect(await standing(db, late)).toMatchObject({
      outcome: "rejected",
      decidedAt: new Date("2026-03-04T05:11:00Z"),
    });
    await insertFeedback(db, stated, { type: "approval", minutes: 1 });
    await insertFeedback(db, stated, { type: "revision", source: "inferred", minutes: 9, keptRatio: 0.5 });
    expect(await standing(db, stated)).toMatchObject({ outcome: "accepted", keptRatio: 0.5 });
  });

  it("keep feedback that comes before its suggestion and apply it when the suggestion comes", async () => {
    const db = await open();
    const id = randomUUID();
    await insertFeedback(db, id, { type: "revision", keptRatio: 0.75 });
    await insertFeedback(db, id, { type: "approval", minutes: 2, keptRatio: 1 });
    expect(await count(db, "langfuse_outbox")).toBe(2);
    await db.query(
      "insert into ai_suggestions (id, suggested_response, status, created_at) values ($1, 'x', 'completed', $2)",
      [id, createdAt],
    );
    expect(await standing(db, id)).toEqual({
      outcome: "accepted",
      decidedAt: new Date("2026-03-04T05:11:00Z"),
      keptRatio: 1,
    });
    expect(await sums(db)).toMatchObject({ suggestions: 1, accepted: 1, revised: 0 });
    expect(await count(db, "ai_feedback_waiting")).toBe(0);
  });

  it("refuse to change or delete a feedback event", async () => {
    const db = await open();
    const [id = ""] = await insertSuggestions(db, 1);
    await insertFeedback(db, id, { type: "approval" });
    const refusal = { code: "23001", message: expect.stringContaining("immutable") as unknown };
    await expect(db.query("update ai_feedback_events set feedback_type = 'rejection'")).rejects.toMatchObject(refusal);
    await expect(db.query("delete from ai_feedback_events")).rejects.toMatchObject(refusal);
    expect(await standing(db, id)).toMatchObject({ outcome: "accepted" });
  });

  it("queue a pending row once, when its function has answered", async () => {
    const db = await open();
    const [id = ""] = await insertSuggestions(db, 1, "pending");
    expect(await count(db, "langfuse_outbox")).toBe(0);
    expect(await sums(db)).toMatchObject({ suggestions: 1, completed: 0 });
    await db.query("update ai_suggestions set status = 'completed' where id = $1", [id]);
    await db.query("update ai_suggestions set status = 'accepted' where id = $1", [id]);
    expect(await db.query("select kind, ref from langfuse_outbox")).toEqual([{ kind: "trace", ref: id }]);
    expect(await sums(db)).toMatchObject({ suggestions: 1, completed: 1 });

    // Delivered, then set back and completed again: Langfuse has that trace already.
    await db.query("delete from langfuse_outbox");
    await db.query(
      "insert into langfuse_deliveries (kind, ref, trace_id, langfuse_ids, attempts) values ('trace', $1, 't', '{}', 1)",
      [id],
    );
    await db.query("update ai_suggestions set status = 'pending' where id = $1", [id]);
    await db.query("update ai_suggestions set status = 'completed' where id = $1", [id]);
    expect(await count(db, "langfuse_outbox")).toBe(0);
  });

  it("queue no trace again for a suggestion that was delivered, deleted and put back", async () => {
    const db = await open();
    const [id = ""] = await insertSuggestions(db, 1);
    await db.query("delete from langfuse_outbox");
    await db.query(
      "insert into langfuse_deliveries (kind, ref, trace_id, langfuse_ids, attempts) values ('trace', $1, 't', '{}', 1)",
      [id],
    );
    await db.query("delete from ai_suggestions");
    await db.query("insert into ai_suggestions (id, suggested_response, status) values ($1, 'again', 'completed')", [
      id,
    ]);
    expect(await count(db, "langfuse_outbox")).toBe(0);
  });

  it("append no delta for an update that changes nothing that is counted", async () => {
    const db = await open();
    await insertSuggestions(db, 3);
    const before = await count(db, "rollup_deltas");
    await db.query(
      "update ai_suggestions set updated_at = now(), ticket_id = 'T', suggested_response = suggested_response",
    );
    expect(await count(db, "rollup_deltas")).toBe(before);
    await db.query("update ai_suggestions set latency_ms = 250");
    expect(await sums(db)).toMatchObject({ suggestions: 3, latencyMs: 750 });
  });

  it("move a row whose dimensions are corrected from one series to the other", async () => {
    const db = await open();
    await insertSuggestions(db, 2);
    await db.query("update ai_suggestions set model = 'm2'");
    const perSeries = await db.query(
      `select coalesce(s.model, d.new_series[4]) as model, sum(d.suggestion_count) as n
       from rollup_deltas d left join metric_series s on s.id = d.series_id group by 1 order by 1`,
    );
    expect(perSeries).toEqual([
      { model: "", n: 0 },
      { model: "m2", n: 2 },
    ]);
  });

  it("let a suggestion that is deleted and put back stand as its feedback says, and keep the roller from looking meanwhile", async () => {
    const db = await open();
    const [id = "", gone = ""] = await insertSuggestions(db, 2);
    await insertFeedback(db, id, { type: "approval", keptRatio: 1 });
    await insertFeedback(db, gone, { type: "approval" });
    await db.query("delete from ai_suggestions");
    const again =
      "insert into ai_suggestions (id, suggested_response, status, created_at) values ($1, 'again', 'completed', $2)";
    await db.query(again, [id, createdAt]);
    expect(await standing(db, id)).toMatchObject({ outcome: "accepted", keptRatio: 1 });
    expect(await sums(db)).toMatchObject({ suggestions: 1, accepted: 1 });
    expect(await db.query("select suggestion_id as id, of_deleted from ai_feedback_waiting")).toEqual([
      { id: gone, of_deleted: true },
    ]);
    // A second deletion, and feedback that came in between.
    await insertFeedback(db, id, { type: "rejection", minutes: 9 });
    await db.query("delete from ai_suggestions");
    await db.query(again, [id, createdAt]);
    expect(await standing(db, id)).toMatchObject({ outcome: "rejected" });
    expect(await sums(db)).toMatchObject({ suggestions: 1, accepted: 0, rejected: 1 });
  });

  it("refuse reasons of which the first is not the one that the host's column has", async () => {
    const db = await open();
    const insert = `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, feedback_reasons)
      values (gen_random_uuid(), 'rejection', $1, $2)`;
    await db.query(insert, ["a", ["a", "b"]]);
    await db.query(insert, ["a", null]);
    await expect(db.query(insert, ["b", ["a", "b"]])).rejects.toMatchObject({ code: "23514" });
  });

  it("take back what a deleted suggestion had added", async () => {
    const db = await open();
    const [id = ""] = await insertSuggestions(db, 2);
    await insertFeedback(db, id, { type: "approval" });
    await db.query("delete from ai_suggestions where id = $1", [id]);
    expect(await sums(db)).toEqual({ ...none, suggestions: 1, completed: 1, latencyMs: 100 });
    await db.query("delete from ai_suggestions");
    expect(await sums(db)).toEqual(none);
    // Taken back bucket by bucket, not only in the sums.
    expect(
      await db.query(
        `select b, sum(n) as n from rollup_deltas, unnest(latency_buckets, latency_counts) as h (b, n) group by b having sum(n) <> 0`,
      ),
    ).toEqual([]);
  });
});

describe("the triggers on a shared Postgres", () => {
  it("keep 40 feedback events that 40 connections write at once; the newest decides", async () => {
    const opened = await openTestPostgres();
    const { url } = opened;
    const db = await openPostgres({ url, maxConnections: 40 });
    onTestFinished(async () => {
      await db.close();
      await opened.drop();
    });
    for (let round = 0; round < 5; round += 1) {
      const [id = ""] = await insertSuggestions(db, 1);
      const newest = round * 7; // any of them may be the newest, not the last to come
      await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          insertFeedback(db, id, {
            type: i === newest ? "rejection" : "approval",
            minutes: i === newest ? 100 : i + 1,
          }),
        ),
      );
      expect(await db.query("select count(*) as n from ai_feedback_events where suggestion_id = $1", [id])).toEqual([
        { n: 40 },
      ]);
      expect(await standing(db, id)).toMatchObject({ outcome: "rejected" });
    }
    expect(await sums(db)).toMatchObject({ suggestions: 5, accepted: 0, rejected: 5 });
    expect(await count(db, "langfuse_outbox")).toBe(205);
  });

  it("write outbox and deltas for a role that has no rights on our tables", async () => {
    const opened = await openTestPostgres();
    const { db, url } = opened;
    const role = `host_${randomUUID().replaceAll("-", "")}`;
    await db.query(`create role ${role} login; grant insert, select on ai_suggestions, ai_feedback_events to ${role}`);
    const asRole = new URL(url);
    asRole.username = role;
    const host = await openPostgres({ url: asRole.href });
    onTestFinished(async () => {
      await host.close();
      await db.query(`drop owned by ${role}; drop role ${role}`);
      await opened.drop();
    });

    const [id = ""] = await insertSuggestions(host, 1);
    await insertFeedback(host, id, { type: "approval" });
    const early = randomUUID();
    await insertFeedback(host, early, { type: "approval" });
    await host.query("insert into ai_suggestions (id, suggested_response, status) values ($1, 'x', 'completed')", [
      early,
    ]);

    expect(await standing(host, id)).toMatchObject({ outcome: "accepted" });
    expect(await standing(host, early)).toMatchObject({ outcome: "accepted" });
    expect(await count(db, "langfuse_outbox")).toBe(4);
    expect(await sums(db)).toMatchObject({ suggestions: 2, accepted: 2 });
    await expect(host.query("select * from langfuse_outbox")).rejects.toMatchObject({ code: "42501" });
  });

  it("are not fooled by a role's own tables of the same names", async () => {
    const opened = await openTestPostgres();
    const { db, url } = opened;
    await db.query("create schema decoy; create table decoy.langfuse_outbox (like langfuse_outbox including all)");
    const withPath = new URL(url);
    withPath.searchParams.set("options", "-c search_path=decoy,public");
    const host = await openPostgres({ url: withPath.href });
    onTestFinished(async () => {
      await host.close();
      await opened.drop();
    });
    await host.query("create temp table rollup_deltas (id integer)");
    await insertSuggestions(host, 1);
    expect(await count(db, "public.langfuse_outbox")).toBe(1);
    expect(await count(db, "public.rollup_deltas")).toBe(1);
    expect(await count(db, "decoy.langfuse_outbox")).toBe(0);
  });
});
