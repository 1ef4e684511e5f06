import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { type Answered, openApi } from "./api-rig.ts";

// Success means committed, and not that it will be. Every commit waits here for a lock that the test holds, so whatever is
// answered meanwhile is answered too early. The fault runs say the same of a whole process, but see it by chance only.

const LOCK = 4_711;

/** From now on nothing that writes a suggestion or a feedback event commits while somebody holds the lock. */
async function holdCommits(db: Database): Promise<void> {
  await db.query(
    `create function wait_for_the_test() returns trigger language plpgsql as
     $$ begin perform pg_advisory_xact_lock_shared(${LOCK}); return null; end $$`,
  );
  for (const [table, events] of [
    ["ai_suggestions", "insert or update"],
    ["ai_feedback_events", "insert"],
  ] as const) {
    await db.query(
      `create constraint trigger held after ${events} on ${table} deferrable initially deferred
       for each row execute function wait_for_the_test()`,
    );
  }
}

const isHeld = async (db: Database): Promise<boolean> =>
  (
    await db.query(
      `select from pg_locks where locktype = 'advisory' and not granted
       and database = (select oid from pg_database where datname = current_database())`,
    )
  ).length > 0;

const suggestion = { functionName: "f", text: "Hello there" };
type Row = readonly [what: string, path: (id: string) => string, body: (id: string) => unknown, status: number];

const rows: readonly Row[] = [
  ["a suggestion", () => "/v1/suggestions", () => suggestion, 201],
  ["a list of suggestions", () => "/v1/suggestions", () => [suggestion, suggestion], 200],
  ["feedback", () => "/v1/feedback", (suggestionId) => ({ suggestionId, type: "approval" }), 201],
  ["a list of feedback", () => "/v1/feedback", (suggestionId) => [{ suggestionId, type: "approval" }], 200],
  ["what was sent", () => "/v1/sent", (suggestionId) => ({ suggestionId, finalText: "Hello" }), 201],
  ["what was sent to a ticket", () => "/v1/sent", () => ({ ticketId: "t-1", finalText: "Hello" }), 201],
  ["what was seen", (id) => `/v1/suggestions/${id}/shown`, () => ({}), 200],
];

it.each(rows)("%s is acknowledged once it is committed, and not before", async (...[, path, body, status]: Row) => {
  const { db, url, drop } = await openTestPostgres();
  onTestFinished(drop);
  const api = openApi(db);
  const id = newId();
  await api.post("/v1/suggestions", { ...suggestion, suggestionId: id, ticketId: "t-1" });
  await holdCommits(db);
  const holder = await openPostgres({ url, maxConnections: 1 });
  onTestFinished(() => holder.close());
  let isAnswered = false;
  let answering: Promise<Answered> | undefined;
  await holder.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${LOCK})`);
    answering = api.post(path(id), body(id)).finally(() => (isAnswered = true));
    await eventually("its commit is under way", () => isHeld(db), 30_000);
    // A way to the database and back, on which a hasty answer would have overtaken.
    expect((await api.get("/readyz")).status).toBe(200);
    expect(isAnswered).toBe(false);
  });
  expect((await answering)?.status).toBe(status);
});
