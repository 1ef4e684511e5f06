/**
 * What one `uptake worker` mirrors in a second, and what it costs, against the limit: the same requests, prepared beforehand
 * and posted as they are. Both to the stand-in Langfuse and to a sink that is as cheap as can be, in interleaved rounds of
 * one run. Then a worker with a million messages waiting.
 *
 *     npx tsx bench/mirror.ts [--quick] [--rounds 5] [--traces 6000] [--backlog 1000000] [--seconds 60]
 *
 * Postgres, the workers, what plays Langfuse and what posts the prepared requests are processes of their own. Reads /proc:
 * Linux only. UPTAKE_SKIP_BUILD=1 takes the dist/ that is there, --profile DIR writes the workers' CPU profiles, and
 * --against DIR measures the worker of another build's dist/ as well.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { silentLogger } from "../src/domain/logger.ts";
import { createRoller } from "../src/metrics/roller.ts";
import type { Database } from "../src/store/database.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { fillBacklog, type Sample, sampleWorker, timeClaim, timeStatus } from "./mirror/backlog.ts";
import { type Receiver, startReceiver, startWorker } from "./mirror/children.ts";
import { parentOf } from "./mirror/cpu.ts";
import { type Destination, measureRate } from "./mirror/rate.ts";
import { insertRuns } from "./mirror/rows.ts";
import { median, table, writeSection } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    traces: { type: "string" },
    backlog: { type: "string" },
    seconds: { type: "string" },
    profile: { type: "string" },
    against: { type: "string" },
  },
});
const numberOf = (given: string | undefined, full: number, quick: number): number =>
  Number(given ?? (options.quick ? quick : full));
const rounds = numberOf(options.rounds, 5, 2);
const traceCount = numberOf(options.traces, 6000, 2000);
const backlogCount = numberOf(options.backlog, 1_000_000, 200_000);
const backlogSeconds = numberOf(options.seconds, 60, 10);
/** So few wait in the comparison with the backlog. */
const FEW = 2000;
const TIMED_CLAIMS = 20;

type Receivers = { readonly standIn: Receiver; readonly sink: Receiver };

/** Everything that is delivered, and what it makes; the rollup's part is done before, since workers do that too. */
async function insertAll(db: Database) {
  const amounts = await insertRuns(db, traceCount);
  await createRoller({ db, log: silentLogger }).rollAll();
  await db.query("truncate langfuse_outbox");
  await db.query("vacuum analyze");
  return amounts;
}

/** One database for each destination: copies of the first. Nobody may be connected to that meanwhile. */
async function openDestinations(url: string, { standIn, sink }: Receivers): Promise<Destination[]> {
  const places = [
    { name: "stand-in", receiver: standIn, host: "127.0.0.1", isCompressed: false },
    { name: "sink", receiver: sink, host: "127.0.0.1", isCompressed: false },
    // The same loopback under a name that does not say so, for which requests are compressed.
    { name: "sink, compressed", receiver: sink, host: "0.0.0.0", isCompressed: true },
    ...(options.against === undefined
      ? []
      : [
          { name: "sink, other build", receiver: sink, host: "127.0.0.1", isCompressed: false, dist: options.against },
          {
            name: "stand-in, other build",
            receiver: standIn,
            host: "127.0.0.1",
            isCompressed: false,
            dist: options.against,
          },
        ]),
  ];
  const template = new URL(url).pathname.slice(1);
  const admin = await openPostgres({ url: databaseUrlOf(url, "template1"), maxConnections: 1 });
  const destinations: Destination[] = [];
  for (const [index, { host, ...place }] of places.entries()) {
    const name = `mirror_${index}`;
    await admin.query(`create database ${name} template ${template}`);
    const databaseUrl = databaseUrlOf(url, name);
    const db = await openPostgres({ url: databaseUrl, maxConnections: 2 });
    destinations.push({ ...place, baseUrl: `http://${host}:${place.receiver.port}`, db, databaseUrl });
  }
  await admin.close();
  return destinations;
}

function databaseUrlOf(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

async function medianClaimMs(db: Database): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < TIMED_CLAIMS; i++) times.push(await timeClaim(db));
  return median(times);
}

async function measureBacklog({ db, databaseUrl, baseUrl, receiver }: Destination): Promise<string[]> {
  await fillBacklog(db, FEW);
  const few = { claimMs: await medianClaimMs(db), statusMs: await timeStatus(db) };
  await fillBacklog(db, backlogCount);
  const full = { claimMs: await medianClaimMs(db), statusMs: await timeStatus(db) };
  await receiver.forget();
  const worker = await startWorker(databaseUrl, baseUrl);
  const samples = await sampleWorker({ db, sink: receiver, worker }, backlogSeconds);
  const statusMs = await timeStatus(db);
  await worker.stop();
  const endClaimMs = await medianClaimMs(db);
  const { doubleCount } = await receiver.report();
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
  const postmasterPid = parentOf(backend?.pid ?? 0);
  const amounts = await insertAll(db);
  await db.close();
  const receivers = { standIn: await startReceiver("./stand-in.ts"), sink: await startReceiver("./sink.ts") };
  const destinations = await openDestinations(postgres.url, receivers);

  const execArgv = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
  const rate = await measureRate(destinations, { amounts, rounds, postmasterPid, execArgv });
  const cheapest = destinations.find(({ receiver }) => receiver === receivers.sink);
  const backlog = cheapest === undefined ? [] : await measureBacklog(cheapest);
  writeSection("mirror", ["## What the mirror delivers", "", ...rate, ...backlog]);

  receivers.standIn.stop();
  receivers.sink.stop();
  for (const destination of destinations) await destination.db.close();
  await postgres.stop();
}

await main();
