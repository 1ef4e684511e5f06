import { expect, it } from "vitest";
import { createFeedbackService } from "../../src/feedback/feedback-service.ts";
import { newId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { eventCount, insertSuggestion, serviceOn, SUGGESTED } from "./rows.ts";

type Row = { outcome: string; keptRatio: number | null; decidedAt: Date | null };

async function standing(db: Database, id: string): Promise<Row | undefined> {
  const [row] = await db.query<Row>(
    `select outcome, kept_ratio as "keptRatio", decided_at as "decidedAt" from ai_suggestions where id = $1`,
    [id],
  );
  return row;
}

describeEachDatabase("feedback", (open) => {
  it("records what a person said and moves the suggestion", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const receipt = await serviceOn(db).feedback({
      suggestionId: id,
      type: "revision",
      reason: "too generic",
      finalText: `Hi Mia! ${SUGGESTED}`,
      agentId: "a7",
    });
    expect(receipt).toMatchObject({ suggestionId: id, type: "revision", keptRatio: 1, created: true });
    expect(await standing(db, id)).toMatchObject({ outcome: "revised", keptRatio: 1 });
    const [event] = await db.query(
      `select ticket_id, agent_id, feedback_reason, source, time_to_feedback > interval '0' as timed from ai_feedback_events`,
    );
    expect(event).toEqual({
      ticket_id: "t1",
      agent_id: "a7",
      feedback_reason: "too generic",
      source: "explicit",
      timed: true,
    });
  });

  it("keeps every act of a changed mind, and the newest decides", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const service = serviceOn(db);
    const first = new Date(Date.now() - 60_000);
    await service.feedback({ suggestionId: id, type: "approval", createdAt: first });
    await service.feedback({ suggestionId: id, type: "rejection", reason: "irrelevant" });
    await service.feedback({ suggestionId: id, type: "approval", createdAt: new Date(first.getTime() - 1000) });
    expect(await standing(db, id)).toMatchObject({ outcome: "rejected", decidedAt: new Date(first.getTime() - 1000) });
    expect(await eventCount(db)).toBe(3);
  });

  it("records one act once, however often it is sent", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const service = serviceOn(db);
    const act = { suggestionId: id, type: "approval", idempotencyKey: "click-1" } as const;
    const receipts = await Promise.all([service.feedback(act), service.feedback(act), service.feedback(act)]);
    expect(new Set(receipts.map((receipt) => receipt.feedbackId)).size).toBe(1);
    expect(receipts.filter((receipt) => receipt.created)).toHaveLength(1);
    expect(await eventCount(db)).toBe(1);
  });

  it("tells what stands recorded when a key comes again, and refuses it for another act", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const other = await insertSuggestion(db);
    const service = serviceOn(db);
    const said = { suggestionId: id, type: "rejection", reason: "too generic", idempotencyKey: "click-1" } as const;
    const { feedbackId } = await service.feedback(said);
    expect(await service.feedback({ ...said, finalText: SUGGESTED })).toEqual({
      feedbackId,
      suggestionId: id,
      type: "rejection",
      keptRatio: undefined,
      created: false,
    });
    const reuses = [
      () => service.feedback({ ...said, suggestionId: other }),
      () => service.feedback({ ...said, type: "approval" }),
      () => service.sent({ suggestionId: id, finalText: SUGGESTED, idempotencyKey: "click-1" }),
    ];
    for (const reuse of reuses) {
      await expect(reuse()).rejects.toMatchObject({
        code: "invalid_input",
        message: expect.stringMatching(`idempotencyKey: "click-1".*rejection of suggestion ${id}`) as unknown,
      });
    }
    expect(await eventCount(db)).toBe(1);
  });

  it("finds the event that somebody else inserted under the same key", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const theirs = newId();
    await db.query(
      `insert into ai_feedback_events (id, suggestion_id, feedback_type, idempotency_key) values ($1, $2, 'approval', 'k')`,
      [theirs, id],
    );
    const receipt = await serviceOn(db).feedback({ suggestionId: id, type: "approval", idempotencyKey: "k" });
    expect(receipt).toMatchObject({ feedbackId: theirs, created: false });
  });

  it("measures the time to feedback from the moment the suggestion was shown", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const shownAt = new Date(Date.now() + 60_000);
    await db.query("update ai_suggestions set shown_at = $2 where id = $1", [id, shownAt]);
    await serviceOn(db).feedback({
      suggestionId: id,
      type: "approval",
      createdAt: new Date(shownAt.getTime() + 5000),
    });
    const [event] = await db.query("select extract(epoch from time_to_feedback) as seconds from ai_feedback_events");
    expect(event).toEqual({ seconds: 5 });
  });

  it("keeps the same idempotency key of two projects apart", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const other = newId();
    await db.query(
      `insert into ai_suggestions (id, suggested_response, status, project_id) values ($1, 'Hello', 'completed', 'other')`,
      [other],
    );
    await serviceOn(db).feedback({ suggestionId: id, type: "approval", idempotencyKey: "k" });
    const receipt = await serviceOn(db, { projectId: "other" }).feedback({
      suggestionId: other,
      type: "approval",
      idempotencyKey: "k",
    });
    expect(receipt.created).toBe(true);
  });

  it("finds a suggestion that the tracker is still committing", async () => {
    const db = await open();
    const id = newId();
    const service = serviceOn(db, { flush: async () => void (await insertSuggestion(db, { id })) });
    expect(await service.feedback({ suggestionId: id, type: "approval" })).toMatchObject({ created: true });
  });

  it("refuses bad input with its place and remedy, and writes nothing", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const service = serviceOn(db);
    const foreign = serviceOn(db, { projectId: "other" });
    const bad: [() => Promise<unknown>, RegExp][] = [
      [
        () => service.feedback({ suggestionId: "s1", type: "approval" }),
        /feedback.suggestionId: got "s1"; expected a suggestion's id/,
      ],
      [
        () => service.feedback({ suggestionId: newId(), type: "approval" }),
        /no suggestion .* in project "default"; check the id/,
      ],
      [() => foreign.feedback({ suggestionId: id, type: "approval" }), /no suggestion .* in project "other"/],
      [
        () => service.feedback({ suggestionId: id, type: "liked" as "approval" }),
        /feedback.type: got "liked"; expected one of approval/,
      ],
      [() => service.feedback({ suggestionId: id, type: "rejection" }), /feedback.reason: missing for a rejection/],
      [() => service.feedback({ suggestionId: id, type: "rejection", reason: " " }), /feedback.reason: is empty/],
      [() => service.feedback({ suggestionId: id, type: "approval", finalText: "a\0" }), /NUL character at index 1/],
      [
        () => service.feedback({ suggestionId: id, type: "approval", createdAt: new Date("2099-01-01") }),
        /more than a day ahead/,
      ],
      [
        () => service.feedback({ suggestionId: id, type: "approval", createdAt: new Date("never") }),
        /expected a valid Date/,
      ],
      [() => service.sent({ suggestionId: id, finalText: "" }), /sent.finalText: is empty/],
      [
        () => service.sent({ suggestionId: id, finalText: "y".repeat(1_048_576) }),
        /1048576 characters long; at most 200000/,
      ],
      [() => service.sent({ finalText: "Hello" }), /sent.suggestionId: missing; say which/],
      [() => service.sent({ suggestionId: newId(), finalText: "Hello" }), /sent.suggestionId: no suggestion/],
    ];
    for (const [call, message] of bad) await expect(call()).rejects.toThrow(message);
    expect(await eventCount(db)).toBe(0);
    expect(await standing(db, id)).toMatchObject({ outcome: "pending" });
  });
});

describeEachDatabase("inference from what was sent", (open) => {
  it("tells approval, revision and rejection by how much survived", async () => {
    const db = await open();
    const service = serviceOn(db);
    const sent = async (finalText: string) => {
      const suggestionId = await insertSuggestion(db);
      const receipt = await service.sent({ suggestionId, finalText, agentId: "a7" });
      return { type: receipt?.type, outcome: (await standing(db, suggestionId))?.outcome };
    };
    expect(await sent(`  ${SUGGESTED}\n\nBest, Jo`)).toEqual({ type: "approval", outcome: "accepted" });
    expect(await sent("Your refund was sent today; call us about the rest.")).toEqual({
      type: "revision",
      outcome: "revised",
    });
    expect(await sent("Please restart the reader and try again.")).toEqual({ type: "rejection", outcome: "rejected" });
    const sources = await db.query("select distinct source, feedback_reason from ai_feedback_events");
    expect(sources).toEqual([{ source: "inferred", feedback_reason: null }]);
  });

  it("compares with the newest open suggestion of the ticket, and a reply without one is no feedback", async () => {
    const db = await open();
    const service = serviceOn(db);
    await insertSuggestion(db, { ticketId: "t9", text: "Older suggestion" });
    await db.query("update ai_suggestions set created_at = created_at - interval '1 minute'");
    const newest = await insertSuggestion(db, { ticketId: "t9" });
    await insertSuggestion(db, { ticketId: "t9", text: "Processing...", status: "pending" });
    expect(await service.sent({ ticketId: "t9", finalText: SUGGESTED })).toMatchObject({
      suggestionId: newest,
      type: "approval",
    });
    expect(await service.sent({ ticketId: "unknown", finalText: SUGGESTED })).toBeUndefined();
  });

  it("takes a reply to a ticket that is sent again for the same act, not for one on an older suggestion", async () => {
    const db = await open();
    const service = serviceOn(db);
    const older = await insertSuggestion(db, { ticketId: "t9", text: "Older suggestion" });
    await db.query("update ai_suggestions set created_at = created_at - interval '1 minute'");
    const newest = await insertSuggestion(db, { ticketId: "t9" });
    const reply = { ticketId: "t9", finalText: SUGGESTED };
    const first = await service.sent(reply);
    expect(first).toMatchObject({ suggestionId: newest, created: true });
    expect(await service.sent(reply)).toEqual({ ...first, created: false });
    expect(await service.sent({ ...reply, finalText: "Older suggestion" })).toMatchObject({ suggestionId: older });
  });

  it("takes a reply that is sent again within minutes for the same act, although a newer suggestion came between", async () => {
    const db = await open();
    const service = serviceOn(db);
    await insertSuggestion(db, { ticketId: "t9" });
    const reply = { ticketId: "t9", finalText: SUGGESTED, agentId: "jo" };
    const first = await service.sent(reply);
    const newer = await insertSuggestion(db, { ticketId: "t9" });
    expect(await service.sent(reply)).toEqual({ ...first, created: false });
    expect(await standing(db, newer)).toMatchObject({ outcome: "pending" });
  });

  it("takes the same words for an answer to the newer suggestion when it was shown, when another person sends them, or later", async () => {
    const db = await open();
    const service = serviceOn(db);
    await insertSuggestion(db, { ticketId: "t9" });
    const reply = { ticketId: "t9", finalText: SUGGESTED, agentId: "jo" };
    await service.sent(reply);
    const ways: [(id: string) => Promise<unknown>, object][] = [
      [(id) => service.shown(id), {}],
      [async () => {}, { agentId: "kim" }],
      [async () => {}, { createdAt: new Date(Date.now() + 3_600_000) }],
      [async () => {}, { idempotencyKey: "reply-7" }],
    ];
    for (const [before, change] of ways) {
      const newer = await insertSuggestion(db, { ticketId: "t9" });
      await before(newer);
      expect(await service.sent({ ...reply, ...change })).toMatchObject({ suggestionId: newer, created: true });
    }
  });

  it("tells a reply with a key of its own again by the key, whatever came between", async () => {
    const db = await open();
    const service = serviceOn(db);
    await insertSuggestion(db, { ticketId: "t9" });
    const keyed = { ticketId: "t9", finalText: SUGGESTED, idempotencyKey: "reply-7" };
    const once = await service.sent(keyed);
    await insertSuggestion(db, { ticketId: "t9" });
    expect(await service.sent(keyed)).toEqual({ ...once, created: false });
  });

  it("records the same text once, and never overrules what a person said", async () => {
    const db = await open();
    const service = serviceOn(db);
    const id = await insertSuggestion(db);
    await service.feedback({ suggestionId: id, type: "rejection", reason: "incorrect info" });
    const first = await service.sent({ suggestionId: id, finalText: SUGGESTED });
    const again = await service.sent({ suggestionId: id, finalText: SUGGESTED });
    expect([first?.created, again?.created]).toEqual([true, false]);
    expect(await standing(db, id)).toMatchObject({ outcome: "rejected", keptRatio: 1 });
    expect(await eventCount(db)).toBe(2);
  });

  it("refuses to compare with a suggestion that is not finished or has no words", async () => {
    const db = await open();
    const service = serviceOn(db);
    const running = await insertSuggestion(db, { text: "Processing...", status: "pending" });
    const empty = await insertSuggestion(db, { text: "", status: "error" });
    await expect(service.sent({ suggestionId: running, finalText: "Hi" })).rejects.toThrow(/is still being made/);
    await expect(service.sent({ suggestionId: empty, finalText: "Hi" })).rejects.toThrow(/has no text/);
  });
});

it("refuses thresholds that cannot be kept ratios, before anything is judged by them", () => {
  const make = (approval: number, rejection: number) => () =>
    createFeedbackService({
      db: undefined as unknown as Database, // never reached
      projectId: "default",
      now: () => new Date(),
      thresholds: { approval, rejection },
      flushSuggestions: async () => {},
    });
  expect(make(95, 30)).toThrow(/thresholds: got approval 95 and rejection 30; expected 0 ≤ rejection ≤ approval ≤ 1/);
  expect(make(0.3, 0.95)).toThrow(/thresholds/);
  expect(make(Number.NaN, 0.3)).toThrow(/thresholds/);
  expect(make(1, 0)).not.toThrow();
});
