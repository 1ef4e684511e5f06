import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../src/store/database.ts";
import { median, table } from "../report.ts";
import { type Poster, type Receiver, startPoster, startWorker, type Worker } from "./children.ts";
import { cpuMsOf, cpuMsOfFamily } from "./cpu.ts";
import type { ReceiverReport } from "./receiver.ts";
import { type Amounts, queueAll } from "./rows.ts";

/** As many as the mirror has by default. */
const LANES = 2;

/** Where a worker delivers to, with a database of its own, so that no other worker takes what is queued for it. */
export type Destination = {
  readonly name: string;
  readonly receiver: Receiver;
  readonly baseUrl: string;
  readonly db: Database;
  readonly databaseUrl: string;
  /** Whether requests are compressed there, and so compressing them is an arm by itself. */
  readonly isCompressed: boolean;
  /** Where the worker is taken from; this checkout by default. */
  readonly dist?: string | undefined;
};

export type RateOptions = {
  readonly amounts: Amounts;
  readonly rounds: number;
  readonly postmasterPid: number;
  /** Of Node, for every worker. */
  readonly execArgv: readonly string[];
};

type Round = {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly postgresCpuMs: number;
  readonly receiverCpuMs: number;
};

/** One way of getting everything to a destination; the first of each destination is its limit. */
type Arm = {
  readonly name: string;
  readonly limit: Arm | undefined;
  /** Sent in a round. */
  readonly bytes: number;
  readonly rounds: Round[];
  run(): Promise<Round>;
};

type Running = Destination & RateOptions & { readonly worker: Worker; readonly poster: Poster };

async function measure(run: Running, pid: number, work: () => Promise<void>): Promise<Round> {
  const read = () => [cpuMsOf(pid), cpuMsOfFamily(run.postmasterPid), cpuMsOf(run.receiver.pid)] as const;
  const before = read();
  const from = performance.now();
  await work();
  const wallMs = performance.now() - from;
  const after = read();
  return {
    wallMs,
    cpuMs: after[0] - before[0],
    postgresCpuMs: after[1] - before[1],
    receiverCpuMs: after[2] - before[2],
  };
}

async function untilEmpty(db: Database): Promise<void> {
  for (;;) {
    const [row] = await db.query<{ waiting: boolean }>("select exists (select from langfuse_outbox) as waiting");
    if (row?.waiting === false) return;
    await sleep(20);
  }
}

async function check({ receiver, amounts, name }: Running): Promise<void> {
  const { spanCount, scoreCount, doubleCount } = await receiver.report();
  if (spanCount === amounts.spans && scoreCount === amounts.scores && doubleCount === 0) return;
  throw new Error(
    `${name} has ${spanCount} spans and ${scoreCount} scores, ${doubleCount} ids came twice; ` +
      `expected ${amounts.spans} and ${amounts.scores}, none twice`,
  );
}

async function mirrorAll(run: Running): Promise<Round> {
  await queueAll(run.db);
  const round = await measure(run, run.worker.pid, () => untilEmpty(run.db));
  await check(run);
  return round;
}

async function postAll(run: Running, compresses: boolean): Promise<Round> {
  const round = await measure(run, run.poster.pid, () => run.poster.post(run.baseUrl, compresses));
  await check(run);
  return round;
}

function armsOf(run: Running, bytes: number): Arm[] {
  const arm = (name: string, limit: Arm | undefined, work: () => Promise<Round>): Arm => ({
    name: `${run.name}: ${name}`,
    limit,
    bytes,
    rounds: [],
    async run() {
      await run.receiver.forget();
      return work();
    },
  });
  const limit = arm("prepared bytes (the limit)", undefined, () => postAll(run, false));
  const compressing = arm("prepared JSON, compressed", limit, () => postAll(run, true));
  const worker = arm("`uptake worker`", limit, () => mirrorAll(run));
  return [limit, ...(run.isCompressed ? [compressing] : []), worker];
}

/** A worker and a poster for a destination, and what the worker's first round sent there. */
async function startRun(destination: Destination, options: RateOptions): Promise<Running & { first: ReceiverReport }> {
  const worker = await startWorker(destination.databaseUrl, destination.baseUrl, { ...destination, ...options });
  const run = { ...destination, ...options, worker, poster: startPoster() };
  await run.receiver.forget(true);
  await mirrorAll(run);
  return { ...run, first: await run.receiver.report() };
}

/**
 * Delivers all that is queued to every destination by every arm, in interleaved rounds. The prepared requests are those of
 * the worker's own first round; where the receiver keeps none, those of another one's, whose rows are the same.
 */
export async function measureRate(destinations: readonly Destination[], options: RateOptions): Promise<string[]> {
  const runs: Awaited<ReturnType<typeof startRun>>[] = [];
  for (const destination of destinations) runs.push(await startRun(destination, options));
  const arms: Arm[] = [];
  for (const run of runs) {
    const alike = runs.find(({ first, isCompressed }) => first.kept.length > 0 && isCompressed === run.isCompressed);
    const { kept = [], bytes = 0 } = run.first.kept.length > 0 ? run.first : (alike?.first ?? {});
    await run.poster.load(kept, LANES);
    arms.push(...armsOf(run, bytes));
  }
  for (const arm of arms) await arm.run();
  for (let round = 0; round < options.rounds; round++) {
    // Every round begins with another one, so that none always follows the same neighbour.
    const order = arms.map((_, index) => arms[(index + round) % arms.length]);
    for (const arm of order) if (arm !== undefined) arm.rounds.push(await arm.run());
  }
  for (const { poster, worker } of runs) {
    poster.stop();
    await worker.stop();
  }
  return rateLines(arms, { ...options, requestCount: runs[0]?.first.requestCount ?? 0 });
}

function rateLines(
  arms: readonly Arm[],
  { amounts, rounds, requestCount }: RateOptions & { readonly requestCount: number },
): string[] {
  return [
    `\`npx tsx bench/mirror.ts\`: ${amounts.traces} traces (root, retriever, generation; 2 kB of messages in, 600 B out) and, for 60 % of them,`,
    `a feedback event (5 scores and an observation), so ${amounts.spans} spans and ${amounts.scores} scores a round; medians of ${rounds} interleaved rounds. One`,
    "`uptake worker` with its defaults delivers them from Postgres; after every round each id was there once and none twice.",
    `The limit posts the worker's own ${requestCount} requests from memory with the same \`fetch\`, as many side by side.`,
    "",
    "- **Stand-in**: the Langfuse that Uptake brings for tests. It parses, checks and keeps everything, and is what limits both.",
    "- **Sink**: searches the bytes for ids and does nothing else. Against it stands what the worker itself costs: reading, mapping and",
    "  settling, which posting prepared bytes has nothing of.",
    "- **Compressed**: the same sink as if it were on another machine; to this one the worker compresses nothing.",
    "",
    rateTable(arms, amounts),
  ];
}

function rateTable(arms: readonly Arm[], amounts: Amounts): string {
  const perTrace = ({ rounds }: Arm, of: (round: Round) => number): number =>
    (median(rounds.map(of)) * 1000) / amounts.traces;
  const rows = arms.map((arm) => {
    const limit = arm.limit ?? arm;
    const perSecond = median(arm.rounds.map(({ wallMs }) => (amounts.traces * 1000) / wallMs));
    // Neighbours in time: a busy moment of the machine strikes both.
    const ofLimit = arm.rounds.map(({ wallMs }, index) => (limit.rounds[index]?.wallMs ?? Number.NaN) / wallMs);
    return [
      arm.name,
      perSecond.toFixed(0),
      ((perSecond * amounts.scores) / amounts.traces).toFixed(0),
      `${(100 * median(ofLimit)).toFixed(0)} %`,
      perTrace(arm, ({ cpuMs }) => cpuMs).toFixed(0),
      perTrace(arm, ({ postgresCpuMs }) => postgresCpuMs).toFixed(0),
      perTrace(arm, ({ receiverCpuMs }) => receiverCpuMs).toFixed(0),
      (arm.bytes / amounts.traces / 1000).toFixed(1),
    ];
  });
  const head = ["", "traces/s", "scores/s", "of the limit", "CPU µs a trace", "Postgres", "receiver", "kB a trace"];
  return table(head, rows);
}
