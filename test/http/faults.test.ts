import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { load, newTally, send, startServing, suggestionOf, type Tally } from "./serving.ts";

const WORTH = 200;

/** Ids in the table, and those that have feedback there. */
async function stored(url: string) {
  const db = await openPostgres({ url, maxConnections: 1 });
  try {
    const ids = await db.query<{ id: string }>("select id from ai_suggestions");
    const judged = await db.query<{ id: string }>("select suggestion_id as id from ai_feedback_events");
    return { ids: new Set(ids.map(({ id }) => id)), judged: judged.map(({ id }) => id) };
  } finally {
    await db.close();
  }
}

type Counted = {
  readonly missing: readonly string[];
  readonly stored: readonly string[];
  readonly doubledCount: number;
};

/** Sends again, under the same ids and keys, whatever nobody knows of; then what is acknowledged has to be what is there, once. */
async function settle(url: string, serverUrl: string, tally: Tally): Promise<Counted> {
  const before = await stored(url);
  const missing = [
    ...[...tally.acknowledged].filter((id) => !before.ids.has(id)),
    ...[...tally.feedback].filter((id) => !before.judged.includes(id)),
  ];
  for (const id of tally.unanswered) {
    const status = await send(serverUrl, "/v1/suggestions", suggestionOf(id), tally);
    if (status === 200 || status === 201) tally.acknowledged.add(id);
  }
  const after = await stored(url);
  return { missing, stored: [...after.ids].sort(), doubledCount: after.judged.length - new Set(after.judged).size };
}

/** What {@link settle} has to find. */
const whole = (tally: Tally): Counted => ({ missing: [], stored: [...tally.acknowledged].sort(), doubledCount: 0 });

it("a Postgres that dies and comes back under load: the process stays up, says 503 meanwhile, and loses nothing that it acknowledged", async () => {
  const postgres = await startPostgres({ survivesCrash: true });
  onTestFinished(() => postgres.stop());
  const server = await startServing(postgres.url);
  const tally = newTally();
  const over = new AbortController();
  const loading = load(server.url, tally, over.signal);
  await eventually("some are acknowledged", () => tally.acknowledged.size > WORTH, 30_000);
  await postgres.crash();
  await eventually("it says so", () => (tally.statuses.get(503) ?? 0) > 0, 30_000);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  await postgres.restart();
  const sofar = tally.acknowledged.size;
  await eventually("it goes on", () => tally.acknowledged.size > sofar + WORTH, 60_000);
  over.abort();
  await loading;
  expect(server.hasEnded()).toBe(false);
  expect(tally.silentCount).toBe(0);
  expect([...tally.statuses.keys()].filter((status) => status !== 200 && status !== 207 && status !== 503)).toEqual([]);
  expect(await settle(postgres.url, server.url, tally)).toEqual(whole(tally));
}, 180_000);

it("a kill -9 under load loses nothing that was acknowledged", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const tally = newTally();
  for (let life = 1; life <= 3; life += 1) {
    const server = await startServing(postgres.url);
    const over = new AbortController();
    const loading = load(server.url, tally, over.signal);
    await eventually("some are acknowledged", () => tally.acknowledged.size > life * WORTH, 30_000);
    server.kill("SIGKILL");
    over.abort();
    await Promise.all([loading, server.ended]);
  }
  const server = await startServing(postgres.url);
  expect(await settle(postgres.url, server.url, tally)).toEqual(whole(tally));
}, 180_000);

it("a TERM under load: what is under way is answered, nothing that was acknowledged is lost, and it ends with 0 in time", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const server = await startServing(postgres.url);
  // Somebody listens, and would for ever.
  const live = await fetch(`${server.url}/v1/live`);
  const tally = newTally();
  const over = new AbortController();
  const loading = load(server.url, tally, over.signal);
  await eventually("some are acknowledged", () => tally.acknowledged.size > WORTH, 30_000);
  const asked = performance.now();
  server.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  expect(performance.now() - asked).toBeLessThan(15_000);
  over.abort();
  await loading;
  expect(await live.text()).toContain("event: ready");
  expect([...tally.statuses.keys()].filter((status) => status >= 500)).toEqual([]);
  const next = await startServing(postgres.url);
  expect(await settle(postgres.url, next.url, tally)).toEqual(whole(tally));
}, 180_000);

it("a TERM while a suggestion waits for its commit: nobody else is let in, and it is answered once it is committed", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const server = await startServing(postgres.url);
  const { db } = postgres;
  // Asked beside the transaction that holds the lock.
  const onlooker = await openPostgres({ url: postgres.url });
  onTestFinished(() => onlooker.close());
  const id = newId();
  let answered: Promise<number | undefined> = Promise.resolve(undefined);
  await db.transaction(async (tx) => {
    await tx.query("lock table ai_suggestions in exclusive mode");
    answered = send(server.url, "/v1/suggestions", suggestionOf(id), newTally());
    await eventually("it is under way", async () => (await waitingWrites(onlooker)) > 0, 30_000);
    server.kill("SIGTERM");
    await eventually("nobody is let in", () => isShut(server.url), 30_000);
    expect(server.hasEnded()).toBe(false);
  });
  expect(await answered).toBe(201);
  expect(await server.ended).toBe(0);
  expect([...(await stored(postgres.url)).ids]).toEqual([id]);
}, 180_000);

async function waitingWrites(db: Database): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `select count(*)::int as count from pg_locks
     where not granted and relation = 'ai_suggestions'::regclass and mode = 'RowExclusiveLock'`,
  );
  return row?.count ?? 0;
}

const isShut = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`).then(
    () => false,
    () => true,
  );
