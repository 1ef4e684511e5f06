import { describe, expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import { adopt, planAdoption, type AdoptSettings } from "../../src/store/adoption/adopt.ts";
import { HOST_INDEXES } from "../../src/store/adoption/indexes.ts";
import { backfillOutcomes } from "../../src/store/adoption/backfill.ts";
import { planRemoval, removeAdoption } from "../../src/store/adoption/remove.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { listSuggestions } from "../../src/store/queries/list-suggestions.ts";
import { openTestPostgres } from "../support/databases.ts";
import { describeSchema } from "../support/describe-schema.ts";
import { eventually } from "../support/eventually.ts";
import { as, judge, startHost, suggest, type Host } from "./host.ts";

const settings: AdoptSettings = {
  projectId: "default",
  functionName: "generate-message-suggestion",
  environment: "production",
  lockTimeoutMs: 1_000,
};
const silent = (): void => {};

/** Adopted and used: one suggestion accepted by its agent, one that nobody has judged. */
async function adoptedHost(): Promise<Host & { accepted: string; open: string }> {
  const host = await startHost();
  await adopt(host.db, settings, silent);
  const accepted = await suggest(host, host.ticketId, "Your refund is on its way.");
  const open = await suggest(host, host.otherTicketId, "Please restart the router.");
  await judge(host, host.agent, host.ticketId, [{ suggestionId: accepted, type: "approval" }]);
  return { ...host, accepted, open };
}

describe("an adopted database", () => {
  it("tracks and counts what the host inserts under its own restricted role", async () => {
    const { db, accepted, open } = await adoptedHost();
    const rows = await db.query(
      `select id, status, outcome, function_name as "functionName", environment, project_id as "projectId"
       from ai_suggestions order by created_at`,
    );
    const ours = { functionName: "generate-message-suggestion", environment: "production", projectId: "default" };
    expect(rows).toEqual([
      { id: accepted, status: "completed", outcome: "accepted", ...ours },
      { id: open, status: "completed", outcome: "pending", ...ours },
    ]);
    expect(await db.query("select kind, ref from langfuse_outbox where kind = 'trace' order by id")).toEqual([
      { kind: "trace", ref: accepted },
      { kind: "trace", ref: open },
    ]);
    expect(await db.query("select kind from langfuse_outbox where kind = 'feedback'")).toHaveLength(1);
    const [sums] = await db.query(
      `select sum(suggestion_count) as suggestions, sum(completed_count) as completed, sum(accepted_count) as accepted
       from rollup_deltas`,
    );
    expect(sums).toEqual({ suggestions: 2, completed: 2, accepted: 1 });
  });

  it("follows feedback that the host changes or deletes", async () => {
    const { db, accepted } = await adoptedHost();
    const outcome = async (): Promise<unknown> =>
      (await db.query(`select outcome, decided_at is null as open from ai_suggestions where id = $1`, [accepted]))[0];
    await db.query("update ai_feedback_events set feedback_type = 'rejection', feedback_reason = 'off-topic'");
    expect(await outcome()).toEqual({ outcome: "rejected", open: false });
    await db.query("delete from ai_feedback_events");
    expect(await outcome()).toEqual({ outcome: "pending", open: true });
    const [sums] = await db.query(
      "select sum(accepted_count) as accepted, sum(rejected_count) as rejected from rollup_deltas",
    );
    expect(sums).toEqual({ accepted: 0, rejected: 0 });
  });

  it("follows feedback that the host moves to another suggestion, or whose time it changes", async () => {
    const { db, accepted, open } = await adoptedHost();
    await db.query("update ai_feedback_events set suggestion_id = $1", [open]);
    const outcomes = await db.query("select outcome from ai_suggestions order by id = $1", [accepted]);
    expect(outcomes).toEqual([{ outcome: "accepted" }, { outcome: "pending" }]);
    await db.query("delete from aggregated_metrics_due");
    await db.query("update ai_feedback_events set time_to_feedback = '99 seconds'");
    const due = "select hour = uptake_hour(e.created_at) as same from aggregated_metrics_due, ai_feedback_events e";
    expect(await db.query(due), "the hour of the act is written anew").toEqual([{ same: true }]);
  });

  it("stands as its feedback says when both are given to another project, whichever first", async () => {
    const { db, accepted } = await adoptedHost();
    const standing = "select outcome, project_id from ai_suggestions where id = $1";
    await db.query("update ai_feedback_events set project_id = 'desk'");
    expect(await db.query(standing, [accepted])).toEqual([{ outcome: "pending", project_id: "default" }]);
    await db.query("update ai_suggestions set project_id = 'desk'");
    expect(await db.query(standing, [accepted])).toEqual([{ outcome: "accepted", project_id: "desk" }]);
    const counts = await db.query(
      `select new_series[1] as project, sum(suggestion_count) as made, sum(accepted_count) as accepted
       from rollup_deltas group by 1 order by 1`,
    );
    expect(counts).toEqual([
      { project: "default", made: 0, accepted: 0 },
      { project: "desk", made: 2, accepted: 1 },
    ]);
  });

  it("is decided by the three acts alone, whatever else the host's column may hold", async () => {
    const host = await startHost();
    await host.db.query(
      "alter type feedback_type add value 'viewed'; alter table ai_feedback_events alter feedback_type drop not null",
    );
    await adopt(host.db, settings, silent);
    const id = await suggest(host, host.ticketId, "Your refund is on its way.");
    const standing = async (): Promise<unknown> =>
      (await host.db.query("select outcome from ai_suggestions where id = $1", [id]))[0];
    const add = (type: string | null): Promise<unknown> =>
      host.db.query(
        `insert into ai_feedback_events (suggestion_id, ticket_id, agent_id, feedback_type) values ($1, $2, $3, $4)`,
        [id, host.ticketId, host.agent.profileId, type],
      );
    await add("viewed");
    await add(null);
    expect(await standing()).toEqual({ outcome: "pending" });
    await add("approval");
    await add("viewed");
    expect(await standing()).toEqual({ outcome: "accepted" });
    expect(await host.db.query("select from langfuse_outbox where kind = 'feedback'")).toHaveLength(1);
    expect(await host.db.query("select from ai_feedback_waiting")).toEqual([]);
    await host.db.query("update ai_feedback_events set feedback_type = 'viewed'");
    expect(await standing()).toEqual({ outcome: "pending" });
  });

  it("takes rows without a time, which the host's columns allow, and counts them in no hour", async () => {
    const host = await startHost();
    await host.db.query("alter table ai_suggestions alter created_at drop not null");
    const old = await suggest(host, host.ticketId, "Your refund is on its way.");
    await host.db.query("update ai_suggestions set created_at = null");
    await adopt(host.db, settings, silent);
    await judge(host, host.agent, host.ticketId, [{ suggestionId: old, type: "approval" }]);
    await host.db.query(
      "insert into ai_suggestions (ticket_id, suggested_response, confidence_score, created_at) values ($1, 'One.', 0.5, null)",
      [host.ticketId],
    );
    await host.db.query("update ai_suggestions set status = 'completed'");
    expect(await host.db.query("select from rollup_deltas")).toEqual([]);
    expect(await host.db.query("select from ai_suggestions where outcome = 'accepted'")).toHaveLength(1);
    expect(await listSuggestions(host.db, { projectId: "default", limit: 9 })).toEqual([]);
    await host.db.query("update ai_suggestions set created_at = now()");
    const counts = "select sum(suggestion_count) as made, sum(accepted_count) as accepted from rollup_deltas";
    expect(await host.db.query(counts)).toEqual([{ made: 2, accepted: 1 }]);
    expect(await listSuggestions(host.db, { projectId: "default", limit: 9 })).toHaveLength(2);
  });

  it("lets an agent see the traces of own tickets, an admin all of them, a customer none", async () => {
    const host = await adoptedHost();
    await host.db.query(
      `insert into ai_traces (trace_id, suggestion_id, observations)
       select replace(id::text, '-', ''), id, '[]' from ai_suggestions`,
    );
    const seenBy = (person: Host["agent"]): Promise<unknown> =>
      as(host, person, (tx) => tx.query(`select suggestion_id as id from ai_traces order by 1`));
    expect(await seenBy(host.admin)).toHaveLength(2);
    expect(await seenBy(host.agent)).toEqual([{ id: host.accepted }]);
    expect(await seenBy(host.otherAgent)).toEqual([{ id: host.open }]);
    expect(await seenBy(host.customer)).toEqual([]);
  });

  it("shows counts to an admin only, and our own workings to nobody", async () => {
    const host = await adoptedHost();
    const tables = await host.db.query<{ name: string }>(
      "select name from uptake_adoption where kind = 'table' order by name",
    );
    for (const { name } of tables) {
      const seen = await as(host, host.agent, (tx) => tx.query(`select count(*) as n from ${name}`)).catch(String);
      expect([name, seen], "what an agent sees").toSatisfy(
        ([, result]: unknown[]) => JSON.stringify(result) === '[{"n":0}]' || /permission denied/.test(String(result)),
      );
    }
    await host.db.query(
      `insert into metric_series (project_id, function_name, environment, model, prompt_version) values ('default', 'f', '', '', '')`,
    );
    const count = (person: Host["agent"]): Promise<unknown> =>
      as(host, person, (tx) => tx.query("select count(*) as n from metric_series"));
    expect(await count(host.admin)).toEqual([{ n: 1 }]);
    expect(await count(host.agent)).toEqual([{ n: 0 }]);
    await expect(as(host, host.agent, (tx) => tx.query("select uptake_apply_waiting_feedback()"))).rejects.toThrow(
      /permission denied/,
    );
  });

  it("lets nobody call our functions, also where new ones are granted to everybody", async () => {
    const host = await startHost();
    await host.db.query("alter default privileges in schema public grant execute on functions to authenticated");
    await adopt(host.db, { ...settings, infer: true }, silent);
    const callable = `
      select name from uptake_adoption
      where kind = 'function' and has_function_privilege('authenticated', name::regprocedure, 'execute')`;
    expect(await host.db.query(callable)).toEqual([]);
    const id = await suggest(host, host.ticketId, "Your refund is on its way.");
    await judge(host, host.agent, host.ticketId, [{ suggestionId: id, type: "approval" }]);
    expect(await host.db.query("select outcome from ai_suggestions")).toEqual([{ outcome: "accepted" }]);
  });

  it("shows no more of the counts through its view than through its tables", async () => {
    const host = await adoptedHost();
    await createRoller({ db: host.db, log: silentLogger }).rollAll();
    const seenBy = async (person: Host["agent"]): Promise<number> =>
      (await as(host, person, (tx) => tx.query("select from ai_confidence_hourly"))).length;
    expect(await seenBy(host.admin)).toBeGreaterThan(0);
    expect(await seenBy(host.agent)).toBe(0);
    expect(await seenBy(host.customer)).toBe(0);
  });

  it("has every column, index, trigger and table of a database of our own", async () => {
    const host = await startHost();
    await adopt(host.db, settings, silent);
    const own = await openTestPostgres();
    onTestFinished(() => own.drop());
    const names = `
      select c.relname::text || '.' || a.attname as name
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      union all
      select c.relname::text || ' ' || t.tgname from pg_class c join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
      where c.relname in ('ai_suggestions', 'ai_feedback_events')`;
    const namesIn = async (db: Host["db"]): Promise<Set<string>> =>
      new Set((await db.query<{ name: string }>(names)).map(({ name }) => name));
    const adopted = await namesIn(host.db);
    const missing = [...(await namesIn(own.db))].filter((name) => !adopted.has(name));
    // The host's own columns of the desk's tables, and its own word on whether feedback may be changed.
    expect(missing.sort()).toEqual([
      "ai_feedback_events ai_feedback_events_immutable",
      "kb_articles.created_at",
      "kb_articles.project_id",
      "ticket_messages.position",
      "tickets.is_answer_due",
      "tickets.last_message_at",
      "tickets.project_id",
      "tickets.waiting_since",
    ]);
  });

  it("is adopted once, however often and by however many", async () => {
    const host = await startHost();
    const second = await openPostgres({ url: host.url });
    onTestFinished(() => second.close());
    await Promise.all(
      [adopt(host.db, settings, silent), adopt(second, settings, silent)].map((run) => run.catch(() => {})),
    );
    await adopt(host.db, settings, silent);
    const schema = await describeSchema(host.db);
    await adopt(host.db, settings, silent);
    expect(await describeSchema(host.db)).toBe(schema);
    expect(await planAdoption(host.db, settings)).toEqual([]);
    expect((await migrate(host.db)).applied).toEqual([]);
  });

  it("is left as it was found, to the last object", async () => {
    const host = await startHost();
    const facts = async (): Promise<string> => {
      const security = await host.db.query(
        `select c.relname, c.relrowsecurity, c.relacl::text,
           (select json_agg(json_build_array(a.attname, a.attcompression, a.attacl) order by a.attname)
            from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
         from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'i', 'S') order by 1`,
      );
      const policies = await host.db.query("select * from pg_policies where schemaname = 'public' order by policyname");
      return [await describeSchema(host.db), JSON.stringify(security), JSON.stringify(policies)].join("\n");
    };
    const found = await facts();
    await adopt(host.db, settings, silent);
    const id = await suggest(host, host.ticketId, "Your refund is on its way.");
    await judge(host, host.agent, host.ticketId, [{ suggestionId: id, type: "approval" }]);
    expect(await facts()).not.toBe(found);
    await removeAdoption(host.db, { lockTimeoutMs: 1_000 });
    expect(await facts()).toBe(found);
    await expect(planRemoval(host.db)).rejects.toMatchObject({ code: "adoption_refused" });
    // And can be adopted again.
    await adopt(host.db, settings, silent);
    expect(await planAdoption(host.db, settings)).toEqual([]);
  });

  it("is left with all of its indexes, also where adopting did not come to its end", async () => {
    const host = await startHost();
    const found = await describeSchema(host.db);
    await adopt(host.db, settings, silent);
    await host.db.query("delete from uptake_adoption where kind = 'index'"); // noted at the very end
    await removeAdoption(host.db, { lockTimeoutMs: 1_000 });
    expect(await describeSchema(host.db)).toBe(found);
    for (const { sql } of HOST_INDEXES) await host.db.query(sql); // made before anything else
    expect(await planRemoval(host.db)).toHaveLength(HOST_INDEXES.length);
    await removeAdoption(host.db, { lockTimeoutMs: 1_000 });
    expect(await describeSchema(host.db)).toBe(found);
  });

  it.each([
    [
      "a table",
      "create view report as select hour from ai_metrics_hourly",
      "view report depends on table ai_metrics_hourly",
    ],
    ["a column", "create view report as select outcome from ai_suggestions", "view report depends on column outcome"],
  ])(
    "is not left where the host has built upon %s of ours: nothing of the host's is dropped",
    async (_, sql, problem) => {
      const host = await startHost();
      await adopt(host.db, settings, silent);
      await host.db.query(sql);
      const schema = await describeSchema(host.db);
      await expect(removeAdoption(host.db, { lockTimeoutMs: 1_000 })).rejects.toMatchObject({
        code: "adoption_refused",
        message: expect.stringContaining(problem) as string,
      });
      expect(await describeSchema(host.db)).toBe(schema);
      await host.db.query("drop view report");
      await removeAdoption(host.db, { lockTimeoutMs: 1_000 });
    },
  );
});

describe("adopting", () => {
  it("leaves alone what others make in the meantime, then and when it is removed", async () => {
    const host = await startHost();
    const other = await openPostgres({ url: host.url });
    onTestFinished(() => other.close());
    let release = (): void => {};
    const held = other.transaction(async (tx) => {
      await tx.query("lock table aggregated_metrics in access share mode");
      await new Promise<void>((resolve) => (release = resolve));
    });
    const adopting = adopt(host.db, { ...settings, lockTimeoutMs: 60_000 }, silent);
    await eventually("it waits for the lock", async () => {
      const [waiting] = await other.query<{ n: number }>(
        "select count(*) as n from pg_locks where not granted and relation = 'aggregated_metrics'::regclass",
      );
      return waiting?.n === 1;
    });
    await other.query(
      `create table invoices (id integer); create policy invoices_read on invoices for select using (true);
       insert into invoices values (1); alter table tickets add column channel text; create view open_tickets as select id from tickets;
       create function area() returns text language sql as $$ select 'desk' $$`,
    );
    release();
    await Promise.all([held, adopting]);
    const theirs = "select kind, name from uptake_adoption where name ~ 'invoices|channel|open_tickets|area'";
    expect(await host.db.query(theirs)).toEqual([]);
    const security = "select relrowsecurity as secured from pg_class where relname = 'invoices'";
    expect(await host.db.query(security)).toEqual([{ secured: false }]);
    await removeAdoption(host.db, { lockTimeoutMs: 1_000 });
    expect(
      await host.db.query(
        "select i.id, area() as area, t.channel from invoices i, open_tickets natural join tickets t",
      ),
    ).toEqual([
      { id: 1, area: "desk", channel: null },
      { id: 1, area: "desk", channel: null },
    ]);
  });

  it("waits for no lock longer than it may, tries again and tells", async () => {
    const host = await startHost();
    let release = (): void => {};
    const held = host.db.transaction(async (tx) => {
      // A reader: the indexes need not wait for it, the columns do.
      await tx.query("lock table ai_suggestions in access share mode");
      await new Promise<void>((resolve) => (release = resolve));
    });
    const events: unknown[] = [];
    const adopting = adopt(host.db, { ...settings, lockTimeoutMs: 100 }, (event) => {
      events.push(event);
      if (event.kind === "blocked") release();
    });
    await adopting;
    await held;
    expect(events).toContainEqual({ kind: "blocked", attempt: 1 });
    expect(await planAdoption(host.db, settings)).toEqual([]);
  });

  it("prints what it would do and does nothing of it", async () => {
    const host = await startHost();
    const before = await describeSchema(host.db);
    const plan = await planAdoption(host.db, settings);
    expect(plan.map(({ name, isAlone }) => [name, isAlone])).toEqual([
      ["indexes", true],
      ["attach", false],
      ["indexes of our columns", true],
      ["checks", true],
    ]);
    expect(plan.flatMap(({ statements }) => statements).join("\n")).toMatch(/create trigger ai_suggestions_inserted/);
    expect(await describeSchema(host.db)).toBe(before);
  });

  it("refuses a database without the host's tables, one of our own, and one whose columns do not fit", async () => {
    const opened = await openTestPostgres({ migrated: false });
    onTestFinished(() => opened.drop());
    await expect(adopt(opened.db, settings, silent)).rejects.toThrow(
      /no table ai_suggestions and no table ai_feedback_events/,
    );
    const own = await openTestPostgres();
    onTestFinished(() => own.drop());
    await expect(adopt(own.db, settings, silent)).rejects.toThrow(/schema_migrations is there already/);
    const host = await startHost();
    await host.db.query(
      `alter table ai_suggestions drop column system_user_id;
       alter table ai_feedback_events alter column time_to_feedback type text using null;
       alter table ai_suggestions force row level security`,
    );
    await expect(adopt(host.db, settings, silent)).rejects.toThrow(
      /forces row-level security[^]*system_user_id is missing[^]*time_to_feedback is text; expected interval/,
    );
  });

  it("refuses names that are taken, partitions, other acts and an unfit table of metrics, and changes nothing", async () => {
    const host = await startHost();
    await host.db.query(
      `alter table ai_suggestions add column model text;
       create table api_keys (id integer);
       alter table aggregated_metrics drop column metadata, alter column period_end type timestamp;
       create type said as enum ('approval', 'rejected');
       drop table ai_feedback_events;
       create table ai_feedback_events (
         id uuid not null default gen_random_uuid(), suggestion_id uuid not null, ticket_id uuid not null, agent_id uuid not null,
         feedback_type said not null, agent_response text, feedback_reason text, time_to_feedback interval,
         metadata jsonb default '{}', created_at timestamptz not null default now(), updated_at timestamptz not null default now()
       ) partition by range (created_at)`,
    );
    const before = await describeSchema(host.db);
    const refusal = expect.objectContaining({
      problems: [
        "aggregated_metrics.period_end is timestamp without time zone; expected timestamp with time zone",
        "aggregated_metrics.metadata is missing",
        "ai_feedback_events is partitioned: its indexes cannot be made without holding up its writers",
        "public.api_keys is there already, and Uptake makes a table of that name: rename yours",
        "ai_suggestions.model is there already, and Uptake adds a column of that name: rename yours",
        "ai_feedback_events.feedback_type is said, which has no rejection, revision; expected text or an enum of the three acts",
      ],
    }) as unknown;
    await expect(planAdoption(host.db, settings)).rejects.toMatchObject({ facts: refusal });
    await expect(adopt(host.db, settings, silent)).rejects.toMatchObject({ code: "adoption_refused", facts: refusal });
    expect(await describeSchema(host.db)).toBe(before);
    await host.db.query("drop table aggregated_metrics; create view aggregated_metrics as select 1 as id");
    await expect(adopt(host.db, settings, silent)).rejects.toThrow(/public\.aggregated_metrics is there already/);
  });

  it("refuses a role whose search path leads to other tables of these names", async () => {
    const host = await startHost();
    await host.db.query(
      `create schema app; create table app.ai_suggestions (id integer);
       do $$ begin execute format('alter database %I set search_path = app, public', current_database()); end $$`,
    );
    const there = await openPostgres({ url: host.url });
    onTestFinished(() => there.close());
    await expect(adopt(there, settings, silent)).rejects.toMatchObject({
      code: "adoption_refused",
      message: expect.stringMatching(/search path app, public .* public's ai_suggestions: run: alter role/) as string,
    });
    expect(await there.query("select from pg_indexes where indexname like 'uptake%'")).toEqual([]);
  });

  it("is what a database of the host's is told to do when it is opened without", async () => {
    const host = await startHost();
    await expect(migrate(host.db)).rejects.toThrow(/run uptake adopt/);
  });
});

describe("rows that were there before", () => {
  it("are decided by the feedback that they had, once, in batches that can be stopped", async () => {
    const host = await startHost();
    const [first, second] = [await suggest(host, host.ticketId, "One."), await suggest(host, host.ticketId, "Two.")];
    await judge(host, host.agent, host.ticketId, [
      { suggestionId: first, type: "approval" },
      { suggestionId: second, type: "approval" },
      { suggestionId: second, type: "rejection", reason: "too generic" },
    ]);
    // The last word counts, by its own time.
    await host.db.query(
      "update ai_feedback_events set created_at = created_at + interval '1 minute' where feedback_type = 'rejection'",
    );
    await adopt(host.db, settings, silent);
    const progress: number[] = [];
    const options = { onProgress: (done: number) => progress.push(done), signal: new AbortController().signal };
    expect(await backfillOutcomes(host.db, { ...options, signal: AbortSignal.abort() })).toBe(0);
    expect(await backfillOutcomes(host.db, options)).toBe(2);
    expect(await backfillOutcomes(host.db, options)).toBe(0);
    expect(progress).toEqual([2]);
    // A worker that came before them has taken for expired what was only not decided yet.
    await host.db.query("update ai_suggestions set outcome = 'expired' where id = $1", [second]);
    expect(await backfillOutcomes(host.db, options)).toBe(1);
    const outcomes = await host.db.query<{ id: string; outcome: string }>("select id, outcome from ai_suggestions");
    expect(new Map(outcomes.map(({ id, outcome }) => [id, outcome]))).toEqual(
      new Map([
        [first, "accepted"],
        [second, "rejected"],
      ]),
    );
  });
});
