/**
 * Two promises of the service, with its mirror and its rollup at work in the same process: its memory does not grow over a
 * million events, and feedback is answered soon at a steady rate.
 *
 *     npx tsx bench/service.ts [--events 1000000] [--rate 500] [--seconds 30] [--only soak|rate]
 *
 * Postgres, the service and what plays Langfuse are processes of their own. The rate is an open loop: a request goes when
 * its time has come, however the others are doing, and its time counts from then on, so a stall counts for all that
 * it held up. UPTAKE_SKIP_BUILD=1 takes the dist/ that is there.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { migrate } from "../src/store/migrate.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { createPoster } from "./http/post.ts";
import type { ProbeReport } from "./http/probe.ts";
import { type ProbedServer, startProbed } from "./http/servers.ts";
import { startReceiver } from "./mirror/children.ts";
import { table, writeSection } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    events: { type: "string", default: "1000000" },
    rate: { type: "string", default: "500" },
    seconds: { type: "string", default: "30" },
    only: { type: "string" },
  },
});
const eventCount = Number(options.events);
const rate = Number(options.rate);
const seconds = Number(options.seconds);

const TENTHS = 10;
const BATCH = 100;
const CALLERS = 8;

const suggestion = {
  functionName: "generate-message-suggestion",
  text: "Please restart the router, wait two minutes and try again.",
  model: "gpt-4.1-mini",
  latencyMs: 840,
  input: { question: "My connection drops every few minutes." },
};

type Post = ReturnType<typeof createPoster>["post"];

/** Suggestions and what was made of each, a batch each. */
async function makeBatch(post: Post): Promise<readonly string[]> {
  const made = await post(
    "/v1/suggestions",
    Array.from({ length: BATCH }, () => suggestion),
  );
  const { results } = made as { readonly results: readonly { readonly suggestionId: string }[] };
  return results.map(({ suggestionId }) => suggestionId);
}

const approvalOf = (suggestionId: string) => ({ suggestionId, type: "approval", agentId: "agent-7" });

/** Half of the events are suggestions, the other half the feedback on them; a report after each tenth. */
async function soak(server: ProbedServer): Promise<readonly ProbeReport[]> {
  const { post, close } = createPoster(server.url);
  const reports: ProbeReport[] = [];
  await server.probe();
  for (let tenth = 0; tenth < TENTHS; tenth += 1) {
    let leftCount = Math.ceil(eventCount / TENTHS / 2 / BATCH);
    const call = async (): Promise<void> => {
      while (leftCount > 0) {
        leftCount -= 1;
        const ids = await makeBatch(post);
        await post("/v1/feedback", ids.map(approvalOf));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, call));
    const report = await server.probe();
    console.log(`${(tenth + 1) * 10} %`, report);
    reports.push(report);
  }
  close();
  return reports;
}

type Paced = { readonly sortedMs: readonly number[]; readonly clientStallMs: number; readonly server: ProbeReport };

/** One event a request, each when its time has come. */
async function pace(server: ProbedServer, ids: readonly string[]): Promise<Paced> {
  const { post, close } = createPoster(server.url);
  const took: number[] = [];
  const pending: Promise<void>[] = [];
  const loop = monitorEventLoopDelay({ resolution: 1 });
  // Connections and code are warm after the first second, which is not counted.
  const warmCount = rate;
  const from = performance.now() + 100;
  for (let sent = 0; sent < ids.length;) {
    const now = performance.now();
    for (; sent < ids.length && from + (sent * 1000) / rate <= now; sent += 1) {
      const dueAt = from + (sent * 1000) / rate;
      const isWarm = sent >= warmCount;
      if (sent === warmCount) {
        loop.enable();
        void server.probe();
      }
      const answered = post("/v1/feedback", approvalOf(ids[sent] ?? ""));
      pending.push(answered.then(() => void (isWarm && took.push(performance.now() - dueAt))));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  close();
  return {
    sortedMs: took.toSorted((a, b) => a - b),
    clientStallMs: loop.percentile(99) / 1e6 - 1,
    server: await server.probe(),
  };
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

async function makeAll(server: ProbedServer, count: number): Promise<readonly string[]> {
  const { post, close } = createPoster(server.url);
  const ids: string[] = [];
  while (ids.length < count) ids.push(...(await makeBatch(post)));
  close();
  return ids.slice(0, count);
}

async function withServer<Result>(
  isDurable: boolean,
  work: (server: ProbedServer) => Promise<Result>,
): Promise<Result> {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-bench-service-"));
  const postgres = await startPostgres({ isDurable, survivesCrash: true });
  const sink = await startReceiver("./sink.ts");
  const db = await openPostgres({ url: postgres.url });
  await migrate(db);
  const server = await startProbed(postgres.url, scratch, `http://127.0.0.1:${sink.port}`);
  try {
    return await work(server);
  } finally {
    const { spanCount, scoreCount } = await sink.report();
    console.log(`mirrored meanwhile: ${spanCount} spans, ${scoreCount} scores`);
    server.stop();
    sink.stop();
    await db.close();
    await postgres.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  if (process.env["UPTAKE_SKIP_BUILD"] !== "1") spawnSync("npm", ["run", "build"], { stdio: "inherit" });
  const lines = [
    "## The service over time",
    "",
    "`npx tsx bench/service.ts`: mirror and rollup run in the same process, Langfuse is a sink.",
  ];
  if (options.only !== "rate") {
    const reports = await withServer(false, soak);
    const settled = reports.slice(1).map(({ rssMb }) => rssMb);
    const middle = (Math.max(...settled) + Math.min(...settled)) / 2;
    const spread = ((Math.max(...settled) - middle) / middle) * 100;
    const rows = reports.map((report, index) => [
      `${(((index + 1) * eventCount) / TENTHS).toLocaleString("en")} events`,
      ...[report.rssMb, report.heapMb, report.externalMb, report.stallP99Ms].map((figure) => figure.toFixed(0)),
    ]);
    const head = ["after", "RSS MB", "heap after collection MB", "outside of it MB", "event loop held up, p99 ms"];
    lines.push(
      "",
      `Memory over ${eventCount.toLocaleString("en")} events, ${BATCH} a request, ${CALLERS} at once; after the first tenth it stays within ±${spread.toFixed(0)} %.`,
    );
    lines.push("", table(head, rows));
  }
  if (options.only !== "soak") {
    const { sortedMs, clientStallMs, server } = await withServer(true, async (probed) =>
      pace(probed, await makeAll(probed, rate * (seconds + 1))),
    );
    const figures = [0.5, 0.9, 0.99, 0.999].map((share) => at(sortedMs, share).toFixed(1));
    const stalls = [server.stallP99Ms, server.stallMaxMs, clientStallMs].map((figure) => figure.toFixed(1));
    const head = [
      "`POST /v1/feedback`",
      "p50 ms",
      "p90 ms",
      "p99 ms",
      "p99.9 ms",
      "server held up, p99 ms",
      "most ms",
      "caller held up, p99 ms",
    ];
    lines.push(
      "",
      `An open loop of ${rate} a second for ${seconds} s, one event a request, timed from when each was due.`,
    );
    lines.push("", table(head, [[`${rate}/s`, ...figures, ...stalls]]));
  }
  if (options.only === undefined) writeSection("service", lines);
  else console.log(lines.join("\n"));
}

await main();
