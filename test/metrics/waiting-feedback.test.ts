import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database, Queryable } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";

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

/** A promise and what fulfils it; `Promise.withResolvers` needs a newer Node. */
function createGate<T = void>(): { readonly passed: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { passed, open: (value) => open(value) };
}

/** A transaction held open after `work`, until it is told to commit. */
async function openTransaction(db: Database, work: (tx: Queryable) => Promise<unknown>): Promise<() => Promise<void>> {
  const worked = createGate();
  const told = createGate();
  const done = db.transaction(async (tx) => {
    await work(tx);
    worked.open();
    await told.passed;
  });
  await Promise.race([worked.passed, done]);
  return () => {
    told.open();
    return done;
  };
}

describe("feedback and its suggestion, committed at the same moment", () => {
  let db: Database;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    ({ db, drop } = await openTestPostgres());
  });
  afterEach(() => drop());

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

  it("do not make one writer wait for another that is just applying", async () => {
    const [slow, quick] = [randomUUID(), randomUUID()];
    await insertFeedback(db, slow, "approval", 1);
    await insertFeedback(db, quick, "approval", 1);
    const commitSlow = await openTransaction(db, (tx) => insertSuggestion(tx, slow));
    await db.transaction(async (tx) => {
      await tx.query("set local lock_timeout = '2s'");
      await insertSuggestion(tx, quick);
      await tx.query("select uptake_apply_waiting_feedback()");
    });
    expect(await outcomeOf(quick)).toBe("accepted");
    await commitSlow();
    expect(await outcomeOf(slow)).toBe("accepted");
  });

  it("under repeatable read are refused rather than judged by half the events", async () => {
    const id = randomUUID();
    await insertSuggestion(db, id);
    await insertFeedback(db, id, "approval", 1);
    const late = openTransactionWithSnapshot(db);
    await late.taken;
    // Changes nothing that the suggestion's row shows, and yet it is the newest event and decides.
    await insertFeedback(db, id, "approval", 3);
    await expect(late.finish((tx) => insertFeedback(tx, id, "rejection", 2))).rejects.toThrow(/could not serialize/);
    expect(await outcomeOf(id)).toBe("accepted");
  });
});

/** A repeatable read transaction that has taken its snapshot and works when told. */
function openTransactionWithSnapshot(db: Database) {
  const taken = createGate();
  const work = createGate<(tx: Queryable) => Promise<unknown>>();
  const done = db.transaction(async (tx) => {
    await tx.query("set transaction isolation level repeatable read");
    await tx.query("select 1 from ai_suggestions");
    taken.open();
    await (
      await work.passed
    )(tx);
  });
  return {
    taken: Promise.race([taken.passed, done]),
    finish(todo: (tx: Queryable) => Promise<unknown>): Promise<void> {
      work.open(todo);
      return done;
    },
  };
}
