import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { openTransaction } from "./open-transaction.ts";

const insertSuggestion = (db: Queryable, id: string): Promise<unknown> =>
  db.query(
    "insert into ai_suggestions (id, suggested_response, status, created_at) values ($1, 'text', 'completed', '2026-03-01T10:00Z')",
    [id],
  );

const insertFeedback = (db: Queryable, suggestionId: string, type: string, minute: number): Promise<unknown> =>
  db.query(
    `insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, created_at)
     values ($1, $2, 'because', '2026-03-01T11:00Z'::timestamptz + $3 * interval '1 minute')`,
    [suggestionId, type, minute],
  );

describe("feedback and its suggestion, committed at the same moment", () => {
  let db: Database;
  let opened: Awaited<ReturnType<typeof openTestPostgres>>;

  beforeEach(async () => {
    opened = await openTestPostgres();
    db = opened.db;
  });
  afterEach(() => opened.drop());

  const rollAll = (): Promise<number> => createRoller({ db, log: silentLogger }).rollAll();

  async function outcomeOf(id: string): Promise<string | undefined> {
    const [row] = await db.query<{ outcome: string }>("select outcome from ai_suggestions where id = $1", [id]);
    return row?.outcome;
  }

  it("each blind to the other, are joined by the next roll", async () => {
    const id = randomUUID();
    const commitFeedback = await openTransaction(db, (tx) => insertFeedback(tx, id, "approval", 1));
    const commitSuggestion = await openTransaction(db, (tx) => insertSuggestion(tx, id));
    await commitFeedback();
    await commitSuggestion();
    expect(await outcomeOf(id)).toBe("pending");
    await rollAll();
    expect(await outcomeOf(id)).toBe("accepted");
  });

  it("lose nothing when one event is committed before the suggestion and another after it", async () => {
    const id = randomUUID();
    await insertFeedback(db, id, "approval", 1);
    const commitSecond = await openTransaction(db, (tx) => insertFeedback(tx, id, "rejection", 2));
    await insertSuggestion(db, id);
    expect(await outcomeOf(id)).toBe("accepted");
    await commitSecond();
    await rollAll();
    expect(await outcomeOf(id)).toBe("rejected");
    expect(await db.query("select 1 from ai_feedback_waiting")).toEqual([]);
  });

  it("do not make a roller wait for another that is just applying", async () => {
    const id = randomUUID();
    const commitFeedback = await openTransaction(db, (tx) => insertFeedback(tx, id, "approval", 1));
    await insertSuggestion(db, id);
    await commitFeedback();
    const apply = "select uptake_apply_waiting_feedback() as applied";
    const commitSlow = await openTransaction(db, (tx) => tx.query(apply));
    await db.transaction(async (quick) => {
      await quick.query("set local lock_timeout = '1s'");
      expect(await quick.query(apply)).toEqual([{ applied: 0 }]);
    });
    await commitSlow();
    expect(await outcomeOf(id)).toBe("accepted");
  });

  it("under repeatable read are refused rather than judged by half the events", async () => {
    const id = randomUUID();
    await insertSuggestion(db, id);
    await insertFeedback(db, id, "approval", 1);
    const commitLate = await openTransaction(db, async (tx) => {
      await tx.query("set transaction isolation level repeatable read");
      await tx.query("select 1 from ai_suggestions");
    });
    // Changes nothing that the suggestion's row shows, and yet it is the newest event and decides.
    await insertFeedback(db, id, "approval", 3);
    await expect(commitLate((tx) => insertFeedback(tx, id, "rejection", 2))).rejects.toThrow(/could not serialize/);
    expect(await outcomeOf(id)).toBe("accepted");
  });
});
