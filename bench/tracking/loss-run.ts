import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ArmName, Place } from "./arm.ts";
import type { LossReply, LossRequest } from "./loss-child.ts";
import { type Companion, spoolDirIn, startCompanion } from "./processes.ts";
import type { Arrived, SinkRequest, Trouble } from "./sink.ts";
import { createDatabase, endWorker, isUptake, openDatabase, startWorker } from "./stage.ts";

/** What happens to the calls of one row of the table. */
export type LossCase =
  /** Calls at a steady rate; in the middle of them the backend is in trouble. */
  | { readonly kind: "trouble"; readonly trouble: Trouble; readonly seconds: number }
  /** Killed when this many calls have returned. */
  | { readonly kind: "kill"; readonly rate: number; readonly after: number }
  /** Killed while calls follow each other as fast as they return. */
  | { readonly kind: "kill-flat-out"; readonly atOnce: number; readonly after: number }
  /** As many as that without a pause, by so many callers at once, then a flush. */
  | { readonly kind: "burst"; readonly calls: number; readonly atOnce: number };

export type LossResult = {
  readonly returnedCount: number;
  readonly arrivedCount: number;
  /** Records beyond the first of a call. */
  readonly doubledCount: number;
  /** For Uptake: what is in Postgres. */
  readonly storedCount: number | undefined;
  readonly madeInTrouble: { readonly returnedCount: number; readonly arrivedCount: number } | undefined;
  readonly peakRssMb: number;
  readonly flushMs: number | undefined;
};

export type LossOptions = { readonly serverUrl: string; readonly scratch: string; readonly id: string };

const RATE = 100;
const CALM_SECONDS = 3;
/** How long an SDK may take for its flush, and what is still under way to arrive. */
const FLUSH_TIMEOUT_MS = 60_000;
const QUIET_MS = 5_000;
const ARRIVE_TIMEOUT_MS = 60_000;

type Parts = {
  readonly name: ArmName;
  readonly place: Place;
  readonly file: string;
  readonly sink: Companion<SinkRequest, Arrived>;
};

const startChild = ({ name, place, file }: Parts): Promise<Companion<LossRequest, LossReply>> =>
  startCompanion("loss-child", [name, JSON.stringify(place), file]);

export async function measureLoss(name: ArmName, what: LossCase, options: LossOptions): Promise<LossResult> {
  const { serverUrl, scratch, id } = options;
  const sink = await startCompanion<SinkRequest, Arrived>("sink", [isUptake(name) ? "langfuse" : "peers"]);
  const databaseUrl = isUptake(name) ? await createDatabase(serverUrl, id) : "";
  const spoolDir = spoolDirIn(scratch, id);
  const file = `${scratch}/${id}.returned`;
  writeFileSync(file, "");
  const place: Place = { sinkUrl: sink.greeting, databaseUrl, spoolDir, mirrorsHere: false };
  const parts = { name, place, file, sink };
  const child = await startChild(parts);
  const worker = isUptake(name) ? startWorker(place) : undefined;
  try {
    const played = await play(what, parts, child);
    await child.kill();
    return await result(parts, played);
  } finally {
    await Promise.all([child.kill(), sink.kill(), endWorker(worker)]);
  }
}

type Played = Pick<LossResult, "peakRssMb" | "flushMs"> & {
  /** First call made in trouble and first one after it. */
  readonly inTrouble?: readonly [number, number];
};

const returnedIn = (file: string): number[] => readFileSync(file, "utf8").split("\n").slice(0, -1).map(Number);

async function play(what: LossCase, parts: Parts, child: Companion<LossRequest, LossReply>): Promise<Played> {
  if (what.kind === "trouble") return playTrouble(what, parts, child);
  if (what.kind === "kill") return playKill({ calls: what.after * 10, rate: what.rate }, what.after, parts, child);
  if (what.kind === "kill-flat-out") {
    return playKill({ calls: 1_000_000, atOnce: what.atOnce, modelMs: 1 }, what.after, parts, child);
  }
  const { peakRssMb } = await child.ask({ calls: what.calls, atOnce: what.atOnce, modelMs: 0 });
  const flushed = await flush(child);
  return { ...flushed, peakRssMb: Math.max(peakRssMb, flushed.peakRssMb) };
}

async function playTrouble(
  { trouble, seconds }: LossCase & { kind: "trouble" },
  { sink, file }: Parts,
  child: Companion<LossRequest, LossReply>,
): Promise<Played> {
  const calling = child.ask({ calls: RATE * (CALM_SECONDS * 2 + seconds), rate: RATE });
  await sleep(CALM_SECONDS * 1_000);
  const from = returnedIn(file).length;
  await sink.ask({ trouble });
  await sleep(seconds * 1_000);
  const to = returnedIn(file).length;
  await sink.ask({ trouble: "none" });
  await calling;
  return { ...(await flush(child)), inTrouble: [from, to] };
}

/** Kills the child once the file says so; it says more by then. */
async function playKill(
  request: LossRequest,
  after: number,
  parts: Parts,
  child: Companion<LossRequest, LossReply>,
): Promise<Played> {
  void child.ask(request).catch(() => {}); // it does not live to answer
  while (returnedIn(parts.file).length < after) await sleep(1);
  await child.kill();
  if (isUptake(parts.name)) {
    // The next process of the application finds the spool, and needs no call for it.
    const next = await startChild(parts);
    await waitUntilQuiet(parts.sink);
    await next.kill();
  }
  return { peakRssMb: Number.NaN, flushMs: undefined };
}

/** The arm's own flush; one that does not end is given up. */
async function flush(child: Companion<LossRequest, LossReply>): Promise<Pick<LossResult, "peakRssMb" | "flushMs">> {
  const flushed = child.ask({ flush: true }).then(({ ms, peakRssMb }) => ({ flushMs: ms, peakRssMb }));
  flushed.catch(() => {});
  const givenUp = sleep(FLUSH_TIMEOUT_MS, { flushMs: Number.POSITIVE_INFINITY, peakRssMb: 0 }, { ref: false });
  return Promise.race([flushed, givenUp]);
}

async function waitUntilQuiet(sink: Companion<SinkRequest, Arrived>): Promise<Arrived> {
  const deadline = Date.now() + ARRIVE_TIMEOUT_MS;
  let arrived = await sink.ask({ count: true });
  let since = Date.now();
  while (Date.now() < deadline && Date.now() - since < QUIET_MS) {
    await sleep(500);
    const now = await sink.ask({ count: true });
    if (now.calls.length + now.doubledCount !== arrived.calls.length + arrived.doubledCount) since = Date.now();
    arrived = now;
  }
  return arrived;
}

async function result({ place, file, sink }: Parts, played: Played): Promise<LossResult> {
  const database = place.databaseUrl === "" ? undefined : await openDatabase(place.databaseUrl);
  await database?.untilMirrored();
  const { calls, doubledCount } = await waitUntilQuiet(sink);
  const returned = returnedIn(file);
  const arrived = new Set(calls);
  const stored = database === undefined ? undefined : new Set(await database.calls());
  await database?.close();
  const countIn = (set: ReadonlySet<number>, of: readonly number[]): number =>
    of.filter((call) => set.has(call)).length;
  const [from, to] = played.inTrouble ?? [0, 0];
  const made = returned.slice(from, to);
  return {
    returnedCount: returned.length,
    arrivedCount: countIn(arrived, returned),
    doubledCount,
    storedCount: stored && countIn(stored, returned),
    madeInTrouble:
      played.inTrouble === undefined ? undefined : { returnedCount: made.length, arrivedCount: countIn(arrived, made) },
    peakRssMb: played.peakRssMb,
    flushMs: played.flushMs,
  };
}
