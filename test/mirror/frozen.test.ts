import { describe, expect, it, onTestFinished } from "vitest";
import type { Database } from "../../src/store/database.ts";
import type { StandInAddress, StandInLangfuse } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { type Killable, startProgram } from "./chaos/killable.ts";
import { insertFeedbackOn, insertSamples, type Made } from "./rows.ts";
import { drain, mirrorTo, readLedger, readOutbox, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";
import { expectAllOnce } from "./whole.ts";

// A worker that stands still (no processor, a paused machine) until its lease is over and another has delivered what it
// had in hand. Real processes, stopped by SIGSTOP in the middle of their work and let go by SIGCONT.

const TRACES = "/otel/v1/traces";
const SCORES = "/ingestion";
const SETTINGS = { leaseMs: 4800, timeoutMs: 1000, visibilityDelayMs: 300, pollMs: 20, concurrency: 1 };

type StallAt = { readonly when: "before" | "after"; readonly path: string; readonly nth: number };
type Line = { readonly event: string } & Readonly<Record<string, unknown>>;
type Worker = { readonly program: Killable; readonly lines: readonly Line[]; named(event: string): readonly Line[] };

function startWorker(url: string, address: StandInAddress, stallAt: StallAt): Worker {
  const lines: Line[] = [];
  const { baseUrl, publicKey, secretKey } = address;
  const program = startProgram({
    script: "../mirror-process.mjs",
    args: [url, baseUrl, publicKey, secretKey, JSON.stringify({ ...SETTINGS, stallAt })],
    onLine: (said) => void (typeof said === "object" && lines.push(said as Line)),
  });
  return { program, lines, named: (event) => lines.filter((line) => line.event === event) };
}

type Scene = {
  readonly db: Database;
  readonly url: string;
  readonly standIn: StandInLangfuse;
  readonly address: StandInAddress;
  readonly suggestions: readonly Made[];
};

async function setScene(count: number): Promise<Scene> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { standIn, address } = await startStandIn();
  return { ...opened, standIn, address, suggestions: await insertSamples(opened.db, count) };
}

/** The frozen worker's successor: it waits for the lease to end, as any worker does, and delivers. */
async function succeed({ db, address }: Scene): Promise<ReturnType<typeof mirrorTo>> {
  const next = mirrorTo(db, address, { visibilityDelayMs: SETTINGS.visibilityDelayMs });
  await drain(next.mirror, 30_000);
  return next;
}

/** Everything that a late worker could spoil. */
const stateOf = async (db: Database): Promise<unknown> => ({
  ledger: await db.query(`select * from langfuse_deliveries order by kind, ref`),
  outbox: await db.query(`select * from langfuse_outbox order by id`),
});

/** Freezes a worker there, lets a successor deliver, lets the worker go, and waits until it has noticed and goes on. */
async function freeze(scene: Scene, stallAt: StallAt): Promise<ReturnType<typeof mirrorTo>> {
  const worker = startWorker(scene.url, scene.address, stallAt);
  await until("the worker stands still", () => worker.named("stalls").length === 1);
  const next = await succeed(scene);
  const before = await stateOf(scene.db);
  worker.program.signal("SIGCONT");
  await until("it has noticed", () => worker.named("mirror.lease_lost").length > 0);
  const [later] = await insertSamples(scene.db, 1, 1000);
  await until("it delivers again", async () => (await readLedger(scene.db)).some(({ ref }) => ref === later?.id));
  await worker.program.kill();
  expect(scene.standIn.observations().filter(({ traceId }) => traceId === later?.traceId)).toHaveLength(3);
  await scene.db.query(`delete from langfuse_deliveries where ref = $1`, [later?.id]);
  expect(await stateOf(scene.db)).toEqual(before);
  return next;
}

/** Without what only showed that the worker went on. */
function without(standIn: StandInLangfuse, made: readonly Made[]): StandInLangfuse {
  const traceIds = new Set(made.map(({ traceId }) => traceId));
  return { ...standIn, observations: () => standIn.observations().filter(({ traceId }) => traceIds.has(traceId)) };
}

/** What was found and what was missing, over all claims: two lanes may share the messages. */
function readBackOf({ book }: ReturnType<typeof mirrorTo>): readonly [found: number, missing: number] {
  const sum = (fact: string): number =>
    book.named("mirror.read_back").reduce((total, { facts }) => total + Number(facts[fact]), 0);
  return [sum("foundCount"), sum("missingCount")];
}

describe("a worker that is frozen until another has taken over", () => {
  it.each([
    ["after its claim, before it sends", "before", [0, 5]],
    ["after it has sent, before it settles", "after", [5, 0]],
  ] as const)("%s doubles nothing", async (_moment, when, expected) => {
    const scene = await setScene(5);
    const next = await freeze(scene, { when, path: TRACES, nth: 1 });
    expect(readBackOf(next)).toEqual(expected);
    await expectAllOnce({ ...scene, standIn: without(scene.standIn, scene.suggestions) }, scene.suggestions, []);
  });

  it.each([
    ["before it sends a half", "before", [0, 6]],
    ["before it settles a half", "after", [3, 3]],
  ] as const)("in the middle of a split, %s, doubles nothing", async (_moment, when, expected) => {
    const scene = await setScene(6);
    const bad = scene.suggestions[4];
    scene.standIn.setFailure({ refuseSpans: { traceId: bad?.traceId ?? "" } });
    // The whole batch is refused; the second request is its first half.
    const next = await freeze(scene, { when, path: TRACES, nth: 2 });
    expect(readBackOf(next)).toEqual(expected);
    expect((await readOutbox(scene.db)).map(({ ref, isDead }) => [ref, isDead])).toEqual([[bad?.id, true]]);
    await scene.db.query(`delete from langfuse_outbox`);
    const others = scene.suggestions.filter((made) => made !== bad);
    await expectAllOnce({ ...scene, standIn: without(scene.standIn, others) }, others, []);
  });

  it.each([
    ["between its two routes, the scores just taken,", { when: "after", path: SCORES, nth: 1 }],
    ["between its two routes, the observations about to go,", { when: "before", path: TRACES, nth: 1 }],
  ] as const)("with feedback, %s doubles nothing", async (_moment, stallAt) => {
    const scene = await setScene(4);
    await drain(mirrorTo(scene.db, scene.address).mirror);
    const feedback = await insertFeedbackOn(
      scene.db,
      scene.suggestions.map(({ id }) => id),
    );
    const next = await freeze(scene, stallAt);
    expect(readBackOf(next)).toEqual([0, 4]);
    await expectAllOnce({ ...scene, standIn: without(scene.standIn, scene.suggestions) }, scene.suggestions, feedback);
  });

  it("cannot take a message out of its successor's hands by what it says too late", async () => {
    const scene = await setScene(3);
    scene.standIn.failNext({ status: 500 });
    const worker = startWorker(scene.url, scene.address, { when: "after", path: TRACES, nth: 1 });
    await until("the worker stands still, refused", () => worker.named("stalls").length === 1);
    let letGo = (): void => {};
    let isHeld = false;
    const holding: typeof fetch = async (input, init) => {
      if (init?.method === "POST") await new Promise<void>((resolve) => ((letGo = resolve), (isHeld = true)));
      return fetch(input, init);
    };
    const next = mirrorTo(scene.db, scene.address, { fetch: holding, concurrency: 1 });
    next.mirror.start();
    await until("its successor is about to send", () => isHeld);
    const before = await stateOf(scene.db);
    worker.program.signal("SIGCONT");
    await until("it has noticed", () => worker.named("mirror.lease_lost").length > 0);
    expect(await stateOf(scene.db)).toEqual(before);
    await worker.program.kill();
    letGo();
    await drain(next.mirror);
    await expectAllOnce(scene, scene.suggestions, []);
  });
});
