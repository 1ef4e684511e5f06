/**
 * What one `uptake worker` mirrors in a second, and what it costs, against the limit: the same requests, prepared beforehand
 * and posted as they are. Both to the same sink, in interleaved rounds of one run. Then a worker with a million messages waiting.
 *
 *     npx tsx bench/mirror.ts [--quick] [--rounds 5] [--traces 6000] [--backlog 1000000] [--seconds 60]
 *
 * Postgres, the worker, the sink and what posts the prepared requests are processes of their own. Reads /proc: Linux only.
 * UPTAKE_SKIP_BUILD=1 takes the dist/ that is there, and --profile DIR writes the worker's CPU profile.
 */
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { silentLogger } from "../src/domain/logger.ts";
import { createRoller } from "../src/metrics/roller.ts";
import type { Database } from "../src/store/database.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { fillBacklog, type Sample, sampleWorker, timeClaim, timeStatus } from "./mirror/backlog.ts";
import { type Poster, type Sink, startPoster, startSink, startWorker, type Worker } from "./mirror/children.ts";
import { cpuMsOf, cpuMsOfFamily, parentOf } from "./mirror/cpu.ts";
import { type Amounts, insertRuns, queueAll } from "./mirror/rows.ts";
import { median, table, writeSection } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    traces: { type: "string" },
    backlog: { type: "string" },
    seconds: { type: "string" },
    profile: { type: "string" },
  },
});
const numberOf = (given: string | undefined, full: number, quick: number): number =>
  Number(given ?? (options.quick ? quick : full));
const rounds = numberOf(options.rounds, 5, 2);
const traceCount = numberOf(options.traces, 6000, 2000);
const backlogCount = numberOf(options.backlog, 1_000_000, 200_000);
const backlogSeconds = numberOf(options.seconds, 60, 10);
/** As many as the mirror has by default. */
const LANES = 2;
/** So few wait in the comparison with the backlog. */
const FEW = 2000;
const TIMED_CLAIMS = 20;

type Round = {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly postgresCpuMs: number;
  readonly sinkCpuMs: number;
};

type Parts = {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly postmasterPid: number;
  readonly sink: Sink;
  readonly poster: Poster;
};

/** One way of getting everything to the sink. */
type Arm = { readonly name: string; run(): Promise<Round> };

async function measure({ postmasterPid, sink }: Parts, pid: number, work: () => Promise<void>): Promise<Round> {
  const read = () => ({ own: cpuMsOf(pid), postgres: cpuMsOfFamily(postmasterPid), sink: cpuMsOf(sink.pid) });
  const before = read();
  const from = performance.now();
  await work();
  const wallMs = performance.now() - from;
  const after = read();
  return {
    wallMs,
    cpuMs: after.own - before.own,
    postgresCpuMs: after.postgres - before.postgres,
    sinkCpuMs: after.sink - before.sink,
  };
}

async function untilEmpty(db: Database): Promise<void> {
  for (;;) {
    const [row] = await db.query<{ waiting: boolean }>("select exists (select from langfuse_outbox) as waiting");
    if (row?.waiting === false) return;
    await sleep(20);
  }
}

async function check(sink: Sink, amounts: Amounts): Promise<void> {
  const { spanCount, scoreCount, doubleCount } = await sink.report();
  if (spanCount === amounts.spans && scoreCount === amounts.scores && doubleCount === 0) return;
  throw new Error(
    `the sink has ${spanCount} spans and ${scoreCount} scores, ${doubleCount} ids came twice; ` +
      `expected ${amounts.spans} and ${amounts.scores}, none twice`,
  );
}

async function mirrorAll(parts: Parts, worker: Worker, amounts: Amounts): Promise<Round> {
  await queueAll(parts.db);
  const round = await measure(parts, worker.pid, () => untilEmpty(parts.db));
  await check(parts.sink, amounts);
  return round;
}

async function postAll(parts: Parts, amounts: Amounts, compresses: boolean): Promise<Round> {
  const { sink, poster } = parts;
  sink.count(false);
  const round = await measure(parts, poster.pid, () => poster.post(sink.baseUrl, compresses));
  await check(sink, amounts);
  return round;
}

/** The arms, with the worker's own requests of a first round as the prepared ones. */
async function prepare(parts: Parts, worker: Worker, amounts: Amounts): Promise<readonly Arm[]> {
  const { sink, poster } = parts;
  sink.count(true);
  await mirrorAll(parts, worker, amounts);
  const { kept } = await sink.report();
  await poster.load(kept, LANES);
  const mirror = async (): Promise<Round> => {
    sink.count(false);
    return mirrorAll(parts, worker, amounts);
  };
  return [
    { name: "prepared bytes, posted as they are (the limit)", run: () => postAll(parts, amounts, false) },
    { name: "prepared JSON, compressed and posted", run: () => postAll(parts, amounts, true) },
    { name: "`uptake worker`", run: mirror },
  ];
}

async function measureRate(parts: Parts): Promise<string[]> {
  const { db, sink } = parts;
  const amounts = await insertRuns(db, traceCount);
  await createRoller({ db, log: silentLogger }).rollAll();
  await db.query("truncate langfuse_outbox");
  await db.query("vacuum analyze");
  const profile = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
  const worker = await startWorker(parts.databaseUrl, sink.baseUrl, profile);
  const arms = await prepare(parts, worker, amounts);
  const results = new Map(arms.map((arm) => [arm, [] as Round[]]));
  for (const arm of arms) await arm.run();
  const { requestCount, bytes } = await sink.report();
  for (let round = 0; round < rounds; round++) {
    // Every round begins with another one, so that none always follows the same neighbour.
    const order = arms.map((_, index) => arms[(index + round) % arms.length]);
    for (const arm of order) if (arm !== undefined) results.get(arm)?.push(await arm.run());
  }
  await worker.stop();
  return rateLines(results, amounts, { requestCount, bytes });
}

function rateLines(
  results: ReadonlyMap<Arm, readonly Round[]>,
  amounts: Amounts,
  sent: { readonly requestCount: number; readonly bytes: number },
): string[] {
  const perTrace = (all: readonly Round[], of: (round: Round) => number): number =>
    (median(all.map(of)) * 1000) / amounts.traces;
  const [limit = []] = results.values();
  const rows = [...results].map(([{ name }, all]) => {
    const perSecond = all.map(({ wallMs }) => (amounts.traces * 1000) / wallMs);
    // Neighbours in time: a busy moment of the machine strikes both.
    const ofLimit = median(all.map(({ wallMs }, index) => (limit[index]?.wallMs ?? Number.NaN) / wallMs));
    return [
      name,
      median(perSecond).toFixed(0),
      ((median(perSecond) * amounts.scores) / amounts.traces).toFixed(0),
      `${(100 * ofLimit).toFixed(0)} %`,
      perTrace(all, ({ cpuMs }) => cpuMs).toFixed(0),
      perTrace(all, ({ postgresCpuMs }) => postgresCpuMs).toFixed(0),
      perTrace(all, ({ sinkCpuMs }) => sinkCpuMs).toFixed(0),
    ];
  });
  const head = ["", "traces/s", "scores/s", "of the limit", "its CPU µs a trace", "Postgres", "sink"];
  const bytesPerTrace = (sent.bytes / amounts.traces).toFixed(0);
  return [
    `\`npx tsx bench/mirror.ts\`: ${amounts.traces} traces (root, retriever, generation; 2 kB of messages in, 600 B out) and, for 60 % of them,`,
    `a feedback event (5 scores and an observation), ${amounts.spans} spans and ${amounts.scores} scores a round; medians of ${rounds} interleaved rounds. One`,
    "`uptake worker` with its defaults delivers to a sink that inflates and searches for ids, so that each was seen once and none twice.",
    `The limit posts the worker's own ${sent.requestCount} requests (${bytesPerTrace} bytes a trace) with the same \`fetch\`, as many side by side, and reads no`,
    "database; the second line has to compress them first.",
    "",
    table(head, rows),
  ];
}

async function medianClaimMs(db: Database): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < TIMED_CLAIMS; i++) times.push(await timeClaim(db));
  return median(times);
}

async function measureBacklog(parts: Parts): Promise<string[]> {
  const { db, sink } = parts;
  await fillBacklog(db, FEW);
  const few = { claimMs: await medianClaimMs(db), statusMs: await timeStatus(db) };
  await fillBacklog(db, backlogCount);
  const full = { claimMs: await medianClaimMs(db), statusMs: await timeStatus(db) };
  sink.count(false);
  const worker = await startWorker(parts.databaseUrl, sink.baseUrl, []);
  const samples = await sampleWorker({ db, sink, worker }, backlogSeconds);
  const statusMs = await timeStatus(db);
  await worker.stop();
  const endClaimMs = await medianClaimMs(db);
  const { doubleCount } = await sink.report();
  const [left] = await db.query<{ count: number }>("select count(*) as count from langfuse_outbox");
  const deliveredCount = backlogCount - (left?.count ?? 0);
  if (doubleCount > 0) throw new Error(`${doubleCount} ids came twice from the backlog; expected none`);
  return [
    "",
    `**${backlogCount.toLocaleString("en")} messages waiting** (small rows, half suggestions and half feedback). A worker delivers for ${backlogSeconds} s and gets ${deliveredCount.toLocaleString("en")}`,
    `done. A claim of 200 takes ${few.claimMs.toFixed(1)} ms with ${FEW} waiting, ${full.claimMs.toFixed(1)} ms with all and ${endClaimMs.toFixed(1)} ms at the end, the worker stopped; the database's`,
    `part of \`uptake mirror status\` takes ${few.statusMs.toFixed(0)} ms, ${full.statusMs.toFixed(0)} ms and ${statusMs.toFixed(0)} ms. What is delivered stays in the index until the next vacuum (a minute`,
    "by default), and claims step over it until then.",
    "",
    table(
      ["quarter of the time", "messages/s", "RSS MB, median", "RSS MB, peak", "claim ms, median"],
      quarterRows(samples),
    ),
  ];
}

function quarterRows(samples: readonly Sample[]): string[][] {
  const length = Math.floor(samples.length / 4);
  return [0, 1, 2, 3].map((quarter) => {
    const some = samples.slice(quarter * length, (quarter + 1) * length);
    const [first, last] = [some.at(0), some.at(-1)];
    // A suggestion's message is two spans here, that of its feedback one.
    const spans = (last?.spanCount ?? 0) - (first?.spanCount ?? 0);
    const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1000;
    const rss = some.map(({ rssMb }) => rssMb);
    return [
      String(quarter + 1),
      ((spans * 2) / 3 / seconds).toFixed(0),
      median(rss).toFixed(0),
      Math.max(...rss).toFixed(0),
      median(some.map(({ claimMs }) => claimMs)).toFixed(1),
    ];
  });
}

async function main(): Promise<void> {
  if (process.env["UPTAKE_SKIP_BUILD"] !== "1") {
    const built = spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
    if (built.status !== 0) throw new Error("the build failed: the worker runs from dist/");
  }
  const postgres = await startPostgres();
  const db = await openPostgres({ url: postgres.url });
  await migrate(db);
  const [backend] = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
  const [sink, poster] = [await startSink(), startPoster()];
  const postmasterPid = parentOf(backend?.pid ?? 0);
  const parts = { db, databaseUrl: postgres.url, postmasterPid, sink, poster };

  const rate = await measureRate(parts);
  const backlog = await measureBacklog(parts);
  writeSection("mirror", ["## What the mirror delivers", "", ...rate, ...backlog]);

  poster.stop();
  sink.stop();
  await db.close();
  await postgres.stop();
}

await main();
