import { expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { createReading } from "../../src/store/reading.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { type Answered, openApi } from "./api-rig.ts";

/** More than there are connections. */
const MANY = 12;

/** A database in which a search by ticket takes until the returned function is called. */
async function slowSearches(): Promise<{ db: Database; release(this: void): Promise<void> }> {
  const opened = await openTestPostgres();
  const { db } = opened;
  await db.query(`create or replace function uptake_ticket_id(value text) returns text language plpgsql as
    $$ begin
      if current_setting('transaction_read_only') = 'on' then perform pg_advisory_xact_lock_shared(4242); end if;
      return value;
    end $$`);
  await db.query("insert into ai_suggestions (id, suggested_response) values (gen_random_uuid(), 'looked at')");
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let held = false;
  const holding = db.transaction(async (tx) => {
    await tx.query("select pg_advisory_xact_lock(4242)");
    held = true;
    await released;
  });
  onTestFinished(async () => {
    release();
    await holding;
    await opened.drop();
  });
  await eventually("the lock is held", () => held);
  return {
    db,
    release: async () => {
      release();
      await holding;
    },
  };
}

const errorOf = ({ json }: Answered) => json["error"] as { readonly code: string; readonly message: string };
const waitingFor = async (db: Database): Promise<number> => {
  const [row] = await db.query<{ count: number }>(
    `select count(*) as count from pg_locks
     where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
  );
  return row?.count ?? 0;
};

it("a search that takes too long is ended in the database, and answered with 503 and what to do about it", async () => {
  const { db } = await slowSearches();
  const api = openApi(db, { reading: createReading(db, { timeoutMs: 200, maxAtOnce: 5 }) });
  const answers = await Promise.all(Array.from({ length: MANY }, () => api.get("/v1/suggestions?ticket=t-1")));
  for (const answered of answers) {
    expect([answered.status, errorOf(answered).code]).toEqual([503, "too_slow"]);
    expect(answered.headers.get("retry-after")).toBe("2");
    expect(errorOf(answered).message).toContain("shorter range");
  }
  expect(await waitingFor(db)).toBe(0);
  // What is not slow is answered over the same connections.
  expect((await api.get("/v1/suggestions")).status).toBe(200);
});

it("slow searches leave connections to what is written, and are answered when they are done", async () => {
  const { db, release } = await slowSearches();
  const api = openApi(db);
  const searches = Array.from({ length: MANY }, () => api.get("/v1/suggestions?ticket=t-1"));
  await eventually("they are at it", async () => (await waitingFor(db)) > 0);
  const made = await api.post("/v1/suggestions", { functionName: "f", text: "Hello" });
  expect(made.status).toBe(201);
  const told = await api.post("/v1/feedback", { suggestionId: made.json["suggestionId"], type: "approval" });
  expect(told.status).toBe(201);
  expect(await waitingFor(db)).toBe(5);
  await release();
  expect((await Promise.all(searches)).map(({ status }) => status)).toEqual(searches.map(() => 200));
});

it("a question from outside cannot write, and too many that wait are told so", async () => {
  const { db, release } = await slowSearches();
  const reading = createReading(db, { timeoutMs: 20_000, maxAtOnce: 1 });
  const api = openApi(db, { reading });
  const searches = Array.from({ length: 202 }, () => api.get("/v1/suggestions?ticket=t-1"));
  const refused = await Promise.race(searches);
  expect([refused.status, errorOf(refused).code]).toEqual([503, "too_busy"]);
  await release();
  await Promise.all(searches);
  await expect(reading.query("delete from ai_suggestions")).rejects.toThrow("read-only transaction");
});
