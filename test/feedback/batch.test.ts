import { describe, expect, it, onTestFinished } from "vitest";
import { namedId, newId } from "../../src/domain/ids.ts";
import type { FeedbackInput } from "../../src/domain/feedback.ts";
import type { FeedbackResult } from "../../src/feedback/write-events.ts";
import type { Queryable } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openTransaction } from "../metrics/open-transaction.ts";
import { describeOnPostgres, openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { eventCount, insertSuggestion, serviceOn, standingOf, SUGGESTED } from "./rows.ts";

const kinds = (results: readonly FeedbackResult[]) =>
  results.map((result) => (result.ok ? result.receipt.created : result.error.message.split(":")[0]));

describeOnPostgres("a batch of feedback", (open) => {
  it("writes what is right and refuses the rest, each in its place", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const foreign = await insertSuggestion(db, { projectId: "other" });
    const results = await serviceOn(db).feedback([
      { suggestionId: id, type: "approval" },
      { suggestionId: id, type: "liked" as "approval" },
      { suggestionId: id, type: "rejection", reason: ["too long", "too lomg"] },
      { suggestionId: newId(), type: "approval" },
      { suggestionId: foreign, type: "approval" },
      null as unknown as FeedbackInput,
      { suggestionId: "s1", type: "approval" },
      { suggestionId: id, type: "rejection", reason: [] },
      { suggestionId: id, type: "approval", createdAt: new Date(-1) },
      { suggestionId: id, type: "rejection", reason: "error", metadata: { n: 1n } },
      { suggestionId: id, type: "revision", reason: "too_long", createdAt: new Date(Date.now() + 1000) },
    ]);
    expect(kinds(results)).toEqual([
      true,
      "feedback[1].type",
      "feedback[2].reason[1]",
      "feedback[3].suggestionId",
      "feedback[4].suggestionId",
      "feedback[5]",
      "feedback[6].suggestionId",
      "feedback[7].reason",
      "feedback[8].createdAt",
      "feedback[9].metadata",
      true,
    ]);
    const codes = results.map((result) => (result.ok ? "ok" : result.error.code));
    expect([codes[3], codes[4], codes[6]]).toEqual(["suggestion_not_found", "suggestion_not_found", "invalid_input"]);
    expect(await eventCount(db)).toBe(2);
    expect(await standingOf(db, id)).toMatchObject({ outcome: "revised" });
    expect(await standingOf(db, foreign)).toMatchObject({ outcome: "pending" });
    expect(await serviceOn(db).feedback([])).toEqual([]);
  });

  it("records one act once, within a batch and across batches, and refuses a key for another act", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const other = await insertSuggestion(db);
    const { feedback } = serviceOn(db);
    const act = { suggestionId: id, type: "approval", idempotencyKey: "k" } as const;
    expect(kinds(await feedback([act, act, { ...act, suggestionId: other }]))).toEqual([
      true,
      false,
      "feedback[2].idempotencyKey",
    ]);
    const again = await feedback([{ ...act, type: "rejection", reason: "error" }, act]);
    expect(kinds(again)).toEqual(["feedback[0].idempotencyKey", false]);
    expect(await eventCount(db)).toBe(1);
  });

  it("keeps several reasons, the first as the host knows it, with comment, details and distances", async () => {
    const db = await open();
    const suggestionId = await insertSuggestion(db);
    await serviceOn(db).feedback({
      suggestionId,
      type: "revision",
      reason: ["Too_Generic", "off topic"],
      comment: "Says nothing about the fee.",
      finalText: `Hi Mia,\n\n${SUGGESTED}\nThere is no fee.`,
      metadata: { additional_feedback: "fee" },
    });
    const [event] = await db.query(
      `select feedback_reason, feedback_reasons, comment, metadata, kept_ratio, edit_distance, compression_distance
       from ai_feedback_events`,
    );
    expect(event).toEqual({
      feedback_reason: "too generic",
      feedback_reasons: ["too generic", "off-topic"],
      comment: "Says nothing about the fee.",
      metadata: { additional_feedback: "fee" },
      kept_ratio: 1,
      edit_distance: expect.closeTo(17 / (SUGGESTED.length + 17), 5) as unknown,
      compression_distance: expect.any(Number) as unknown,
    });
  });

  it("reads reasons by the suggestion's agent function, and keeps an unknown one as other with its text", async () => {
    const db = await open();
    const drafted = await insertSuggestion(db, { functionName: "draft-reply" });
    const classified = await insertSuggestion(db, { functionName: "classify" });
    const { feedback } = serviceOn(db, {
      reasons: { classify: ["wrong category"], "draft-reply": { reasons: ["too long"], unknown: "other" } },
    });
    const results = await feedback([
      { suggestionId: drafted, type: "rejection", reason: "bad vibe", comment: "Really." },
      { suggestionId: classified, type: "rejection", reason: "too long" },
      { suggestionId: classified, type: "rejection", reason: "Wrong_Category" },
    ]);
    expect(kinds(results)).toEqual([true, "feedback[1].reason", true]);
    const events = await db.query("select feedback_reason, comment from ai_feedback_events order by feedback_reason");
    expect(events).toEqual([
      { feedback_reason: "other", comment: "bad vibe\nReally." },
      { feedback_reason: "wrong category", comment: null },
    ]);
  });

  it("refuses details on an approval, which has none in the host's tables", async () => {
    const db = await open();
    const suggestionId = await insertSuggestion(db);
    const { feedback } = serviceOn(db);
    await expect(feedback({ suggestionId, type: "approval", metadata: { model: "m" } })).rejects.toThrow(
      /^feedback\.metadata: an approval has none/u,
    );
    expect(await feedback({ suggestionId, type: "approval", metadata: {} })).toMatchObject({ created: true });
  });

  it("keeps what several people say, and the latest decides", async () => {
    const db = await open();
    const suggestionId = await insertSuggestion(db);
    const at = (ms: number) => new Date(Date.now() + ms);
    await serviceOn(db).feedback([
      { suggestionId, type: "rejection", reason: "error", agentId: "jo", createdAt: at(3000) },
      { suggestionId, type: "approval", agentId: "kim", createdAt: at(2000) },
      { suggestionId, type: "revision", reason: "too long", agentId: "lee", createdAt: at(1000) },
    ]);
    expect(await standingOf(db, suggestionId)).toMatchObject({ outcome: "rejected" });
    expect(await db.query("select agent_id from ai_feedback_events order by created_at")).toEqual([
      { agent_id: "lee" },
      { agent_id: "kim" },
      { agent_id: "jo" },
    ]);
  });
});

describe("batches of feedback on a shared Postgres", () => {
  it("go again when Postgres ends them, because two writers held each other up", async () => {
    const opened = await openTestPostgres();
    // The batch is the one that looks for a deadlock first, and late enough for the other to be in it.
    const patient = new URL(opened.url);
    patient.searchParams.set("options", "-c deadlock_timeout=4s");
    const db = await openPostgres({ url: patient.href });
    onTestFinished(async () => {
      await db.close();
      await opened.drop();
    });
    const suggestionId = await insertSuggestion(db);
    const keys = ["a", "b"].sort((a, b) =>
      namedId("feedback", "default", a) < namedId("feedback", "default", b) ? -1 : 1,
    );
    const insert = (tx: Queryable, key: string | undefined) =>
      tx.query(
        `insert into ai_feedback_events (suggestion_id, feedback_type, idempotency_key) values (gen_random_uuid(), 'approval', $1)`,
        [key],
      );
    const finish = await openTransaction(opened.db, async (tx) => {
      await tx.query("set local deadlock_timeout = '60s'");
      await insert(tx, keys[1]);
    });
    const batch = serviceOn(db).feedback(
      keys.map((idempotencyKey) => ({ suggestionId, type: "approval", idempotencyKey }) as const),
    );
    const waits = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await eventually("the batch waits", async () => (await db.query(waits)).length === 1);
    await finish((tx) => insert(tx, keys[0]));
    expect(kinds(await batch)).toEqual(["feedback[0].idempotencyKey", "feedback[1].idempotencyKey"]);
    expect(await eventCount(db)).toBe(2);
  });

  it("are one transaction although of many statements: the last one failing undoes the first", async () => {
    const opened = await openTestPostgres();
    onTestFinished(() => opened.drop());
    const { db } = opened;
    const ids = await Promise.all([insertSuggestion(db), insertSuggestion(db)]);
    const acts = Array.from({ length: 1203 }, (_, index): FeedbackInput => {
      const createdAt = new Date(Date.now() + index);
      return { suggestionId: ids[index % 2] ?? "", type: "approval", agentId: `agent-${index}`, createdAt };
    });
    await db.query(
      `create function refuse() returns trigger language plpgsql as $$ begin
         if exists (select from ai_feedback_events having count(*) > 1000) then raise exception 'no more'; end if;
         return null; end $$;
       create trigger refuse after insert on ai_feedback_events for each statement execute function refuse()`,
    );
    const { feedback } = serviceOn(db);
    await expect(feedback(acts)).rejects.toThrow("no more");
    expect(await eventCount(db)).toBe(0);
    await db.query("drop trigger refuse on ai_feedback_events; drop function refuse()");
    expect(kinds(await feedback(acts))).toEqual(acts.map(() => true));
    expect(await eventCount(db)).toBe(1203);
  });

  it("keep all 40 acts on one suggestion, and cross each other with the same keys without a loss", async () => {
    const opened = await openTestPostgres();
    const db = await openPostgres({ url: opened.url, maxConnections: 40 });
    onTestFinished(async () => {
      await db.close();
      await opened.drop();
    });
    const { feedback } = serviceOn(db);
    const shared = await insertSuggestion(db);
    const acts = Array.from({ length: 40 }, (_, index) =>
      feedback({ suggestionId: shared, type: "approval", agentId: `agent-${index}` }),
    );
    expect((await Promise.all(acts)).filter(({ created }) => created)).toHaveLength(40);
    expect(await eventCount(db)).toBe(40);

    const ids = await Promise.all(Array.from({ length: 60 }, () => insertSuggestion(db)));
    const batch = Array.from({ length: 1200 }, (_, index): FeedbackInput => {
      return { suggestionId: ids[index % 60] ?? "", type: "approval", idempotencyKey: `key-${index}` };
    });
    const shuffled = (step: number) => batch.map((_, index) => batch[(index * step) % batch.length] as FeedbackInput);
    const results = await Promise.all([7, 11, 13, 17].map((step) => feedback(shuffled(step))));
    const created = results.flat().map((result) => (result.ok ? result.receipt.created : result.error));
    expect(created.filter((is) => is === true)).toHaveLength(1200);
    expect(created.filter((is) => is === false)).toHaveLength(3600);
    expect(await eventCount(db)).toBe(1240);
  });
});
