/**
 * What one `uptake worker` mirrors in a second, and what it costs, against the limit: the same requests, prepared beforehand
 * and posted as they are. Both to the same sink, in interleaved rounds of one run.
 *
 *     npx tsx bench/mirror.ts [--quick] [--rounds 5] [--traces 6000]
 *
 * Postgres, the worker, the sink and what posts the prepared requests are processes of their own. Reads /proc: Linux only.
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
import { type Poster, type Sink, startPoster, startSink, startWorker, type Worker } from "./mirror/children.ts";
import { cpuMsOf, cpuMsOfFamily, parentOf } from "./mirror/cpu.ts";
import { type Amounts, insertRuns, queueAll } from "./mirror/rows.ts";
import { median } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    traces: { type: "string" },
    profile: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
const traceCount = Number(options.traces ?? (options.quick ? 2000 : 6000));
/** As many as the mirror has by default. */
const LANES = 2;

type Parts = {
  readonly db: Database;
  readonly postmasterPid: number;
  readonly sink: Sink;
  readonly poster: Poster;
  readonly worker: Worker;
  readonly amounts: Amounts;
};

type Round = {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly postgresCpuMs: number;
  readonly sinkCpuMs: number;
};

async function measure({ postmasterPid, sink }: Parts, pid: number, work: () => Promise<void>): Promise<Round> {
  const before = { own: cpuMsOf(pid), postgres: cpuMsOfFamily(postmasterPid), sink: cpuMsOf(sink.pid) };
  const from = performance.now();
  await work();
  const wallMs = performance.now() - from;
  const [cpuMs, postgresCpuMs] = [cpuMsOf(pid) - before.own, cpuMsOfFamily(postmasterPid) - before.postgres];
  return { wallMs, cpuMs, postgresCpuMs, sinkCpuMs: cpuMsOf(sink.pid) - before.sink };
}

async function untilEmpty(db: Database): Promise<void> {
  for (;;) {
    const [row] = await db.query<{ waiting: boolean }>("select exists (select from langfuse_outbox) as waiting");
    if (row?.waiting === false) return;
    await sleep(20);
  }
}

async function check({ sink, amounts }: Parts): Promise<void> {
  const { spanCount, scoreCount, doubleCount } = await sink.report();
  if (spanCount === amounts.spans && scoreCount === amounts.scores && doubleCount === 0) return;
  throw new Error(
    `the sink has ${spanCount} spans and ${scoreCount} scores, ${doubleCount} doubled; ` +
      `expected ${amounts.spans} and ${amounts.scores}, none doubled`,
  );
}

async function mirrorAll(parts: Parts, keeps = false): Promise<Round> {
  const { db, sink, worker } = parts;
  sink.count(keeps);
  await queueAll(db);
  const round = await measure(parts, worker.pid, () => untilEmpty(db));
  await check(parts);
  return round;
}

async function postAll(parts: Parts): Promise<Round> {
  const { sink, poster } = parts;
  sink.count(false);
  const round = await measure(parts, poster.pid, () => poster.post(sink.baseUrl));
  await check(parts);
  return round;
}

async function main(): Promise<void> {
  const built = spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  if (built.status !== 0) throw new Error("the build failed: the worker runs from dist/");
  const postgres = await startPostgres();
  const db = await openPostgres({ url: postgres.url });
  await migrate(db);
  const amounts = await insertRuns(db, traceCount);
  await createRoller({ db, log: silentLogger }).rollAll();
  await db.query("truncate langfuse_outbox");
  await db.query("vacuum analyze");
  const [backend] = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
  const sink = await startSink();
  const poster = startPoster();
  const profile = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
  const worker = await startWorker(postgres.url, sink.baseUrl, profile);
  const parts = { db, postmasterPid: parentOf(backend?.pid ?? 0), sink, poster, worker, amounts };

  await mirrorAll(parts, true);
  const { kept } = await sink.report();
  await poster.load(kept, LANES);
  await postAll(parts);
  const mirrored: Round[] = [];
  const posted: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    mirrored.push(await mirrorAll(parts));
    posted.push(await postAll(parts));
    const show = ({ wallMs, cpuMs, postgresCpuMs, sinkCpuMs }: Round) =>
      `${((traceCount / wallMs) * 1000).toFixed(0)}/s cpu ${((cpuMs / traceCount) * 1000).toFixed(0)} pg ${((postgresCpuMs / traceCount) * 1000).toFixed(0)} sink ${((sinkCpuMs / traceCount) * 1000).toFixed(0)}`;
    console.log("mirror", show(mirrored.at(-1)!), "| post", show(posted.at(-1)!), "requests", kept.length);
  }
  console.log("ratio", median(posted.map((r) => r.wallMs)) / median(mirrored.map((r) => r.wallMs)));
  await worker.stop();
  poster.stop();
  sink.stop();
  await db.close();
  await postgres.stop();
}

await main();
