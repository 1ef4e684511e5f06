import { expect, it, onTestFinished } from "vitest";
import type { ErasureSubject } from "../../src/domain/erasure.ts";
import { newId } from "../../src/domain/ids.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { checkRollup } from "../../src/metrics/check-rollup.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { readReasons } from "../../src/metrics/read-reasons.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { eraseRows, previewRows } from "../../src/store/erasure/erase-rows.ts";
import { insertFeedback } from "../../src/store/queries/insert-feedback.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { readErasure } from "../../src/store/queries/erasures.ts";
import { rowOf } from "../../src/track/rows.ts";
import { feedbackOn, sampleRecord } from "../mirror/rows.ts";
import { openTransaction } from "../metrics/open-transaction.ts";
import { describeWithPartitions, openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { countOf } from "./partitioned-rows.ts";

const projectId = "default";
const signal = new AbortController().signal;
const erase = async (db: Database, subject: ErasureSubject) => {
  const { id } = await eraseRows(db, { ...subject, projectId, requestedBy: "a test", signal });
  return readErasure(db, id);
};

const PERSON = "Wilma Planted";
const record = (index: number, ticketId: string) => ({
  ...sampleRecord(index),
  ticketId,
  suggestedResponse: `Dear ${PERSON}, ${index}`,
  metadataJson: JSON.stringify({ note: PERSON, trace_id: "kept" }),
  observationsJson: JSON.stringify([{ id: "a", input: PERSON }]),
});

async function story(db: Database) {
  const records = [record(0, "T-erased"), record(1, "T-erased"), record(2, "T-stays")];
  await insertSuggestions(db, records.map(rowOf));
  const feedback = records.map(({ id }, n) => ({
    ...feedbackOn(id, n),
    comment: PERSON,
    finalText: `Dear ${PERSON}`,
    idempotencyKey: n < 2 ? `T-erased ${n}` : null,
    metadata: { by: PERSON },
  }));
  await insertFeedback(db, feedback);
  await createRoller({ db, log: silentLogger }).rollAll();
  return records.map(({ id }) => id);
}

const range = { projectId, from: new Date("2026-01-01"), to: new Date("2027-01-01"), now: new Date("2027-01-01") };
const counted = async (db: Database) => [
  await readMetrics(db, { ...range, bucket: "day", by: ["function"] }),
  await readReasons(db, { ...range, bucket: "day", by: [] }),
];
const differences = async (db: Database) => {
  const found: unknown[] = [];
  const onDifference = (difference: unknown): void => void found.push(difference);
  await checkRollup(db, { to: range.to, repair: false, onDifference, onProgress: () => {}, signal });
  return found;
};

const textOf = async (db: Database): Promise<string> => {
  const tables = ["ai_suggestions", "ai_traces", "ai_feedback_events", "tickets", "ticket_messages", "erasures"];
  const all = tables.map((name) => db.query(`select row_to_json(t)::text as row from ${name} t`));
  return JSON.stringify(await Promise.all([...all, db.query("select * from langfuse_outbox")]));
};

describeWithPartitions("an erasure", (open) => {
  it("leaves nothing of a ticket but what is counted, and a receipt that does not name it", async () => {
    const db = await open();
    const [, , other] = await story(db);
    const before = await counted(db);

    const { counts } = await previewRows(db, projectId, { kind: "ticket", id: "T-erased" });
    expect(counts).toMatchObject({ suggestionCount: 2, traceCount: 2, feedbackCount: 2, outboxCount: 4 });
    expect(await textOf(db)).toContain("T-erased");

    const receipt = await erase(db, { kind: "ticket", id: "T-erased" });
    expect(receipt).toMatchObject({
      state: "pending",
      requestedBy: "a test",
      counts,
      places: { database: { state: "done" } },
    });
    const left = await textOf(db);
    expect(left).not.toContain("T-erased");
    expect(left.split(PERSON)).toHaveLength(7); // of the other ticket
    expect(await db.query("select id, ticket_id from ai_suggestions where emptied_at is null")).toEqual([
      { id: other, ticket_id: "T-stays" },
    ]);
    expect(await countOf(db, "ai_suggestions")).toBe(3);
    await createRoller({ db, log: silentLogger }).rollAll();
    expect(await counted(db)).toEqual(before);
    expect(await differences(db)).toEqual([]);

    const again = await erase(db, { kind: "ticket", id: "T-erased" });
    expect(again).toMatchObject({ id: receipt?.id, counts });
  });

  it("empties what comes of it later: out of a spool, of a run under way, of a person who is late", async () => {
    const db = await open();
    const pending = record(4, "T-erased");
    await db.query(
      "insert into ai_suggestions (id, project_id, function_name, ticket_id, suggested_response, status) values ($1, 'default', 'f', 'T-erased', 'Processing...', 'pending')",
      [pending.id],
    );
    const spooled = record(5, "T-erased");
    const done = record(6, "T-erased");
    await insertSuggestions(db, [rowOf(done)]);
    await erase(db, { kind: "ticket", id: "T-erased" });

    await insertSuggestions(db, [rowOf(spooled), rowOf(pending), rowOf(done), rowOf(record(7, "T-stays"))]);
    await db.query("update ai_suggestions set suggested_response = $2, error_message = $2 where id = $1", [
      done.id,
      PERSON,
    ]);
    await insertFeedback(db, [{ ...feedbackOn(spooled.id, 1), comment: PERSON, finalText: PERSON }]);
    const kept = await textOf(db);
    expect(kept).not.toContain("T-erased");
    expect(kept.split(PERSON)).toHaveLength(4); // of the other ticket
    expect(await db.query("select status, count(*) as n from ai_suggestions group by 1")).toEqual([
      { status: "completed", n: 4 },
    ]);
    expect(await countOf(db, "ai_traces")).toBe(1);
  });

  it("takes what the ticket says from now on for new", async () => {
    const db = await open();
    await story(db);
    await erase(db, { kind: "ticket", id: "T-erased" });
    const fresh = { ...record(9, "T-erased"), createdAt: new Date(Date.now() + 1000).toISOString() };
    await insertSuggestions(db, [rowOf(fresh)]);
    expect(await db.query("select ticket_id, emptied_at from ai_suggestions where id = $1", [fresh.id])).toEqual([
      { ticket_id: "T-erased", emptied_at: null },
    ]);
  });

  it("finds a customer by their tickets, as the user of a suggestion, and in its metadata", async () => {
    const db = await open();
    const ticketId = newId();
    await db.query("insert into tickets (id, title, customer_id) values ($1, 'From Wilma', 'C-1')", [ticketId]);
    await db.query(
      `insert into ticket_messages (id, ticket_id, user_id, content, position)
       values (gen_random_uuid(), $1, 'C-1', $2, 0), (gen_random_uuid(), $1, 'jo', $2, 1)`,
      [ticketId, PERSON],
    );
    const records = [
      record(0, ticketId),
      { ...record(1, "T-x"), systemUserId: "C-1" },
      { ...record(2, "T-y"), metadataJson: '{"customerId":"C-1"}' },
    ];
    await insertSuggestions(db, records.map(rowOf));
    const receipt = await erase(db, { kind: "customer", id: "C-1" });
    expect(receipt?.counts).toMatchObject({ suggestionCount: 3, traceCount: 3, ticketCount: 1, ticketMessageCount: 2 });
    const left = await textOf(db);
    for (const trace of [PERSON, "C-1", "From Wilma", ticketId]) expect(left).not.toContain(trace);
  });

  it("is the only way to a feedback event: whoever else changes or deletes one is refused", async () => {
    const db = await open();
    await story(db);
    await expect(db.query("update ai_feedback_events set comment = null")).rejects.toThrow("immutable");
    await expect(db.query("delete from ai_feedback_events")).rejects.toThrow("immutable");
    const changing = db.transaction(async (tx) => {
      await tx.query("select set_config('uptake.erases', 'on', true)");
      await tx.query("update ai_feedback_events set feedback_type = 'approval'");
    });
    await expect(changing).rejects.toThrow("immutable");
  });
});

/** The same database, told before each transaction which one it is. */
const watched = (db: Database, before: (count: number) => Promise<void>): Database => {
  let count = 0;
  return {
    ...db,
    async transaction(work) {
      await before((count += 1));
      return db.transaction(work);
    },
  };
};

/** Suggestions of a customer, in more than one transaction's worth; the first is judged last. */
async function manyOf(db: Database, customer: string): Promise<readonly string[]> {
  const records = Array.from({ length: 250 }, (_, n) => ({ ...record(n, `T-${n}`), systemUserId: customer }));
  await insertSuggestions(db, records.map(rowOf));
  const judged = records.toReversed().map(({ id }, n) => ({ ...feedbackOn(id, n), comment: PERSON, ticketId: null }));
  await insertFeedback(db, judged);
  return records.map(({ id }) => id);
}

describeWithPartitions("an erasure of many rows", (open) => {
  it("goes on after it was killed between two transactions, with nothing left and each row counted once", async () => {
    const db = await open();
    await manyOf(db, "C-1");
    const subject = { kind: "customer", id: "C-1" } as const;
    for (const last of [2, 3]) {
      const dying = watched(db, async (count) => {
        if (count > last) throw new Error("killed");
      });
      await expect(erase(dying, subject)).rejects.toThrow("killed");
    }
    expect((await textOf(db)).split(PERSON).length).toBeGreaterThan(40);
    const receipt = await erase(db, subject);
    expect(receipt?.counts).toMatchObject({ suggestionCount: 250, feedbackCount: 250, traceCount: 250 });
    expect(await textOf(db)).not.toContain(PERSON);
    expect(await db.query("select count(distinct erasure_id) as n from erased_suggestions")).toEqual([{ n: 1 }]);
    expect(await countOf(db, "erasures")).toBe(1);
  });

  it("empties what a person says of a suggestion that it has found and not come to yet", async () => {
    const db = await open();
    const [first = "", ...others] = await manyOf(db, "C-1");
    const last = others.at(-1) ?? "";
    const disturbed = watched(db, async (count) => {
      // Before the second batch; the first has emptied the first of them already.
      if (count !== 4) return;
      const late = [first, last].map((id, n) => ({ ...feedbackOn(id, n), comment: PERSON, finalText: PERSON }));
      await insertFeedback(db, late);
    });
    await erase(disturbed, { kind: "customer", id: "C-1" });
    expect(await textOf(db)).not.toContain(PERSON);
    expect(await countOf(db, "ai_feedback_events")).toBe(252);
  });
});

it("waits for the transactions that could not see its fence", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const commit = await openTransaction(db, (tx) =>
    tx.query(
      "insert into ai_suggestions (ticket_id, suggested_response, status) values ('T-erased', 'x', 'completed')",
    ),
  );
  const erasing = erase(db, { kind: "ticket", id: "T-erased" });
  await expect.poll(() => countOf(db, "erased_subjects")).toBe(1);
  await commit();
  expect(await erasing).toMatchObject({ counts: { suggestionCount: 1 } });
  expect(await db.query("select ticket_id, suggested_response from ai_suggestions")).toEqual([
    { ticket_id: null, suggested_response: "" },
  ]);
}, 60_000);

it("waits as well for feedback that could not see the fence of its suggestion", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const made = record(0, "T-erased");
  await insertSuggestions(db, [rowOf(made)]);
  let late: Promise<unknown> = Promise.resolve();
  let lookCount = 0;
  let isOver = false;
  const disturbed = watched(db, async (count) => {
    if (count !== 2) return; // the first fence is up, and everybody has ended who could not see it
    const commit = await openTransaction(db, (tx) =>
      tx.query("insert into ai_feedback_events (suggestion_id, feedback_type, comment) values ($1, 'approval', $2)", [
        made.id,
        PERSON,
      ]),
    );
    lookCount = 0;
    late = eventually("it waits, or did not and is over", () => lookCount > 1 || isOver).then(() => commit());
  });
  const query: Database["query"] = (text, values) => {
    if (text.includes("pg_snapshot_xmin")) lookCount += 1;
    return db.query(text, values);
  };
  const erasing = erase({ ...disturbed, query }, { kind: "ticket", id: "T-erased" });
  const receipt = await erasing.finally(() => (isOver = true));
  expect(receipt).toMatchObject({ counts: { feedbackCount: 1 } });
  await late;
  expect(await textOf(db)).not.toContain(PERSON);
}, 60_000);
