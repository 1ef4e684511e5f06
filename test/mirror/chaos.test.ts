import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { createUptake } from "../../src/index.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { expectPlainMetrics } from "../metrics/expect-plain.ts";
import { freePort, startPostgres, type PostgresServer } from "../support/postgres-server.ts";
import { keepRunning, type Kept, type Killable, type Said, startProgram } from "./chaos/killable.ts";
import { everythingTaken, expectCommittedOnce, unequal } from "./chaos/proof.ts";
import { createLogBook } from "./set-up.ts";
import { printedSeed, seeded } from "./seeded.ts";
import { until } from "./until.ts";

// Everything that Uptake consists of, in processes of its own, killed at random: an application that tracks and gives
// feedback, workers, the Langfuse stand-in, and Postgres. A failing run is repeated by its seed: the same deaths in the
// same order after the same pauses, though where they hit also depends on the machine.

/** How often each of them happens; their order is shuffled. */
const DEATHS = {
  application: 3,
  worker: 3,
  shortWorker: 3,
  stall: 5,
  langfuse: 3,
  postgres: 2,
  connection: 2,
} as const;
type Death = keyof typeof DEATHS;

const MIN_PAUSE_MS = 150;
const MAX_PAUSE_MS = 900;
const MAX_AWAY_MS = 1500;
/** How long a death waits for the living to get something done; on a busy machine they may not. */
const MAX_PATIENCE_MS = 1500;
/** A message in doubt waits fifteen seconds. */
const MAX_STANDSTILL_MS = 40_000;

// Two thirds of the lease hold a request and the delay, as a mirror asks for.
const TIMES = { leaseMs: 4500, timeoutMs: 1500, visibilityDelayMs: 1000, pollMs: 20 };
const SHORT_SETTINGS = { ...TIMES, batchSize: 10, backOff: { baseMs: 20, capMs: 200 } };

const KEYS = { publicKey: "pk-lf-stand-in", secretKey: "sk-lf-stand-in" };

/** What the processes have said, whichever of their lives it was in. */
type Heard = {
  readonly suggestionIds: string[];
  readonly feedbackIds: string[];
  /** Of the workers. */
  readonly lines: Said[];
};

type World = {
  readonly db: Database;
  readonly postgres: PostgresServer;
  readonly langfuse: Kept;
  readonly application: Kept;
  /** `uptake worker`, with the times that it has in earnest. */
  readonly worker: Kept;
  /** Mirrors with short leases, so that one that stands still loses them. */
  readonly shortWorkers: readonly [Kept, Kept];
};

function newScratch(): string {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-chaos-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  return scratch;
}

async function openStore(): Promise<{ postgres: PostgresServer; db: Database }> {
  const postgres = await startPostgres({ survivesCrash: true });
  onTestFinished(() => postgres.stop());
  const db = await openPostgres({ url: postgres.url });
  onTestFinished(() => db.close());
  await migrate(db);
  return { postgres, db };
}

type Place = { readonly url: string; readonly spoolDir: string; readonly file: string; readonly port: number };

function startLangfuse({ port, file }: Place, seed: string, isUp: () => void) {
  return startProgram({ script: "langfuse.mjs", args: [String(port), file, seed], onLine: isUp });
}

function startApplication({ url, spoolDir }: Place, number: number, heard: Heard, isUp: () => void) {
  const durability = number % 2 === 0 ? "commit" : "background";
  const options = { databaseUrl: url, spoolDir, durability, environment: "chaos", callsAtOnce: 3, pauseMs: 60 };
  return startProgram({
    script: "application.mjs",
    args: [JSON.stringify(options)],
    onLine(said) {
      isUp();
      const { suggestionId, feedbackId } = typeof said === "string" ? {} : said;
      if (typeof suggestionId === "string") heard.suggestionIds.push(suggestionId);
      if (typeof feedbackId === "string") heard.feedbackIds.push(feedbackId);
    },
  });
}

function startWorker({ url, port }: Place, heard: Heard, isUp: () => void) {
  const env = {
    DATABASE_URL: url,
    LANGFUSE_PUBLIC_KEY: KEYS.publicKey,
    LANGFUSE_SECRET_KEY: KEYS.secretKey,
    LANGFUSE_BASE_URL: `http://127.0.0.1:${port}`,
  };
  return startProgram({
    script: "../../../dist/cli/main.js",
    args: ["worker"],
    env,
    onLine(said) {
      heard.lines.push(said);
      if (typeof said === "string" && said.includes("worker running")) isUp();
    },
  });
}

type ShortWorker = { readonly db: Database; readonly heard: Heard; readonly isUp: () => void };

/** The worst moment to wake in: another has just claimed what was in the frozen one's hands. */
async function wakeWhenTakenOver(db: Database, worker: Killable): Promise<void> {
  const isTakenOver = (): Promise<boolean> =>
    db
      .query(`select from langfuse_outbox where attempts > 1 and locked_until > now() limit 1`)
      .then(({ length }) => length > 0)
      .catch(() => false);
  await sleep(TIMES.leaseMs - MIN_PAUSE_MS);
  const deadline = Date.now() + MAX_PATIENCE_MS;
  while (Date.now() < deadline && !(await isTakenOver())) await sleep(5);
  worker.signal("SIGCONT");
}

/** Told to by SIGUSR2 it stops, frozen in the middle of one of its next requests. */
function startShortWorker({ url, port }: Place, { db, heard, isUp }: ShortWorker) {
  const args = [url, `http://127.0.0.1:${port}`, KEYS.publicKey, KEYS.secretKey, JSON.stringify(SHORT_SETTINGS)];
  const worker = startProgram({
    script: "../mirror-process.mjs",
    args,
    onLine(said) {
      heard.lines.push(said);
      if (typeof said === "string") return;
      isUp();
      if (said["event"] === "stalls") void wakeWhenTakenOver(db, worker);
    },
  });
  return worker;
}

/** Every death so many times, in an order that the seed decides. */
function shuffled(random: () => number): Death[] {
  const deck = (Object.keys(DEATHS) as Death[]).flatMap((death) => Array.from({ length: DEATHS[death] }, () => death));
  return deck
    .map((death) => ({ death, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ death }) => death);
}

/** A connection to Postgres whose server process is killed: Postgres then throws all others out and recovers. */
async function killConnection({ db, postgres }: World): Promise<void> {
  const [backend] = await db
    .query<{ pid: number }>(
      `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
       order by state_change desc limit 1`,
    )
    .catch(() => []);
  if (backend !== undefined) process.kill(backend.pid, "SIGKILL");
  await until("Postgres takes connections again", () => isUp(postgres));
}

async function isUp({ url }: PostgresServer): Promise<boolean> {
  try {
    await (await openPostgres({ url, maxConnections: 1 })).close();
    return true;
  } catch {
    return false;
  }
}

/** Both sides have got on since the last death: killing those who have only just started would test their start alone. */
async function somethingIsDone(heard: Heard): Promise<void> {
  const [returned, delivered] = [heard.suggestionIds.length, countIn(heard, "mirror.delivered")];
  const deadline = Date.now() + MAX_PATIENCE_MS;
  const isDone = (): boolean => heard.suggestionIds.length > returned && countIn(heard, "mirror.delivered") > delivered;
  while (Date.now() < deadline && !isDone()) await sleep(10);
}

async function die(world: World, death: Death, random: () => number): Promise<void> {
  const awayMs = random() * MAX_AWAY_MS;
  const shortWorker = world.shortWorkers[random() < 0.5 ? 0 : 1];
  switch (death) {
    case "application":
      return world.application.kill(awayMs / 4);
    case "worker":
      return world.worker.kill(awayMs / 4);
    case "shortWorker":
      return shortWorker.kill(awayMs / 4);
    case "langfuse":
      return world.langfuse.kill(awayMs);
    case "stall":
      return shortWorker.now()?.signal("SIGUSR2");
    case "postgres":
      await world.postgres.crash();
      await sleep(awayMs / 2);
      return world.postgres.restart();
    case "connection":
      return killConnection(world);
  }
}

/**
 * All dead, the time passes that their claims last. The real lease is a minute, and nobody is left who could hold one,
 * nor a request under way that could still arrive.
 */
const letTimePass = (db: Database): Promise<unknown> =>
  db.query(
    `update langfuse_outbox set locked_until = least(locked_until, now()), available_at = least(available_at, now())`,
  );

/** What the last application had on its spool. */
async function adoptSpool({ url, spoolDir }: Place): Promise<void> {
  const { log } = createLogBook();
  const uptake = createUptake({ databaseUrl: url, spoolDir, worker: false, log });
  onTestFinished(() => uptake.close());
  await uptake.start();
  await until("the spool is replayed", () => readdirSync(spoolDir).every((name) => !name.endsWith(".spool")));
  await uptake.close();
}

/** However slow the machine is: gives up when nothing gets done any more. */
async function untilNothingIsLeft(db: Database): Promise<void> {
  let [leftCount, since] = [-1, Date.now()];
  while (leftCount !== 0) {
    const [row] = await db.query<{ count: number }>(
      `select count(*)::int as count from langfuse_outbox where dead_at is null`,
    );
    if (row?.count !== leftCount) [leftCount, since] = [row?.count ?? -1, Date.now()];
    if (Date.now() - since > MAX_STANDSTILL_MS)
      throw new Error(`${leftCount} messages are left, and nobody takes them`);
    await sleep(50);
  }
}

async function deliverTheRest(place: Place, db: Database, heard: Heard): Promise<void> {
  const workers = [0, 1].map(() => startWorker(place, heard, () => {}));
  await untilNothingIsLeft(db);
  for (const worker of workers) worker.signal("SIGTERM");
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0]);
}

async function expectRollupRight(db: Database): Promise<void> {
  const { log } = createLogBook();
  await createRoller({ db, log }).rollAll();
  const hourMs = 3_600_000;
  const range = { from: new Date(Date.now() - 2 * hourMs), to: new Date(Date.now() + hourMs) };
  await expectPlainMetrics(db, { projectId: "default", bucket: "hour", by: ["function", "model"], ...range });
}

/** Lines in which a worker says that it lost a lease, or found what a dead one had sent. */
const countIn = (heard: Heard, event: string): number =>
  heard.lines.filter((said) => (typeof said === "string" ? said.includes(` ${event} `) : said["event"] === event))
    .length;

it("loses and doubles nothing when workers, the application, Langfuse and Postgres are killed at random", async () => {
  const random = seeded(printedSeed());
  const scratch = newScratch();
  const { postgres, db } = await openStore();
  const place: Place = {
    url: postgres.url,
    spoolDir: join(scratch, "spool"),
    file: join(scratch, "langfuse.jsonl"),
    port: await freePort(),
  };
  const heard: Heard = { suggestionIds: [], feedbackIds: [], lines: [] };
  const troubles = random();
  const startShort = (_: number, isUp: () => void) => startShortWorker(place, { db, heard, isUp });
  const world: World = {
    db,
    postgres,
    langfuse: keepRunning((number, isUp) => startLangfuse(place, `${troubles}:${number}`, isUp)),
    application: keepRunning((number, isUp) => startApplication(place, number, heard, isUp)),
    worker: keepRunning((_, isUp) => startWorker(place, heard, isUp)),
    shortWorkers: [keepRunning(startShort), keepRunning(startShort)],
  };
  const all = [world.application, world.worker, ...world.shortWorkers, world.langfuse];
  onTestFinished(async () => void (await Promise.all(all.map((kept) => kept.stop()))));

  await until("the application works", () => heard.suggestionIds.length > 0);
  for (const death of shuffled(random)) {
    await sleep(MIN_PAUSE_MS + random() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
    await somethingIsDone(heard);
    await die(world, death, random);
  }
  for (const kept of all) await kept.stop();
  const [delivered] = await db.query<{ count: number }>(`select count(*)::int as count from langfuse_deliveries`);

  await adoptSpool(place);
  await letTimePass(db);
  startLangfuse(place, "", () => {});
  await deliverTheRest(place, db, heard);

  const suggestions = (await db.query<{ id: string }>(`select id from ai_suggestions`)).map(({ id }) => id);
  const feedback = (await db.query<{ id: string }>(`select id from ai_feedback_events`)).map(({ id }) => id);
  console.log(
    JSON.stringify({
      suggestionCount: suggestions.length,
      feedbackCount: feedback.length,
      deliveredMeanwhile: delivered?.count,
      readBack: countIn(heard, "mirror.read_back"),
      stalls: countIn(heard, "stalls"),
      leaseLost: countIn(heard, "mirror.lease_lost"),
    }),
  );
  expect(unequal(suggestions, heard.suggestionIds).missing).toEqual([]);
  expect(unequal(feedback, heard.feedbackIds).missing).toEqual([]);
  await expectCommittedOnce(db, await everythingTaken(place.file));
  await expectRollupRight(db);

  // It was worth surviving, and nothing died of another's death.
  expect(all.map((kept) => kept.failureCount())).toEqual([0, 0, 0, 0, 0]);
  expect(heard.feedbackIds.length).toBeGreaterThan(20);
  expect(delivered?.count).toBeGreaterThan(0);
  expect(countIn(heard, "mirror.read_back")).toBeGreaterThan(0);
}, 240_000);
