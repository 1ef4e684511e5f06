/**
 * What durable suggestions and feedback over HTTP cost, against the floor: bare Node and pg with one multi-row insert a
 * request. Both on the same Postgres, in interleaved rounds of one run; acknowledged is committed on both sides.
 *
 *     npx tsx bench/http.ts [--quick] [--rounds 3] [--seconds 4]
 *
 * Reads /proc: Linux only. UPTAKE_SKIP_BUILD=1 takes the dist/ that is there.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import type { Database } from "../src/store/database.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { type BenchServer, startFloor, startUptake } from "./http/servers.ts";
import { cpuMsOf, cpuMsOfFamily } from "./mirror/cpu.ts";
import { median, table, writeSection } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const seconds = Number(options.seconds ?? (options.quick ? 2 : 4));

const BATCHES = [1, 20, 100];
const CALLERS = [1, 8, 32];
const KINDS = ["suggestions", "feedback"] as const;
type Kind = (typeof KINDS)[number];
type Case = { readonly kind: Kind; readonly batch: number; readonly callers: number };
type Figures = { readonly perSecond: number; readonly cpuUs: number; readonly p99Ms: number };

const SUGGESTION = {
  functionName: "generate-message-suggestion",
  text: "Please restart the router, wait two minutes and try again. ".repeat(10),
  model: "gpt-4.1-mini",
  latencyMs: 840,
  inputTokens: 512,
  outputTokens: 130,
  input: {
    ticketId: "42",
    messages: [{ role: "user", content: "My connection drops every few minutes. ".repeat(50) }],
  },
};

/** Suggestions to act upon. */
const KNOWN_COUNT = 5_000;

function bodyOf({ kind, batch }: Case, ids: readonly string[]): string {
  const items = Array.from({ length: batch }, () => {
    if (kind === "suggestions") return SUGGESTION;
    const suggestionId = ids[Math.floor(Math.random() * ids.length)];
    return { suggestionId, type: "approval", agentId: "agent-7" };
  });
  return JSON.stringify(batch === 1 ? items[0] : items);
}

/** What adding up costs belongs to the round whose suggestions and feedback it is. */
async function isAddedUp(db: Database): Promise<void> {
  for (;;) {
    const [waiting] = await db.query<{ any: boolean }>(
      `select exists (select from rollup_deltas) or exists (select from rollup_reason_deltas) as "any"`,
    );
    if (waiting?.any !== true) return;
    await setTimeout(50);
  }
}

async function run(server: BenchServer, one: Case, { db, ids, postmasterPid }: Stage): Promise<Figures> {
  const bodies = Array.from({ length: 50 }, () => bodyOf(one, ids));
  const cpu = (): number => cpuMsOf(server.pid) + cpuMsOfFamily(postmasterPid);
  const own = cpuMsOf(server.pid);
  const before = cpu();
  const result = await autocannon({
    url: `${server.url}/v1/${one.kind}`,
    connections: one.callers,
    duration: seconds,
    requests: bodies.map((body) => ({ method: "POST", headers: { "content-type": "application/json" }, body })),
  });
  await isAddedUp(db);
  const cpuMs = cpu() - before;
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} refused, ${result.errors} failed`);
  // 207: some of a list were refused.
  if (result.statusCodeStats["207"] !== undefined) throw new Error("some items were refused");
  const itemCount = result["2xx"] * one.batch;
  if (process.env["BENCH_VERBOSE"] === "1")
    console.log(server.url, "server", cpuMsOf(server.pid) - own, "all", cpuMs, "items", itemCount);
  return { perSecond: itemCount / result.duration, cpuUs: (cpuMs * 1_000) / itemCount, p99Ms: result.latency.p99 };
}

type Stage = { readonly db: Database; readonly ids: readonly string[]; readonly postmasterPid: number };

async function prepare(db: Database, uptake: BenchServer): Promise<readonly string[]> {
  for (let made = 0; made < KNOWN_COUNT; made += 500) {
    const body = JSON.stringify(Array.from({ length: 500 }, () => SUGGESTION));
    const { status } = await fetch(`${uptake.url}/v1/suggestions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    if (status !== 200) throw new Error(`the known suggestions were answered with ${status}, not 200`);
  }
  return (await db.query<{ id: string }>("select id from ai_suggestions")).map(({ id }) => id);
}

async function main(): Promise<void> {
  if (process.env["UPTAKE_SKIP_BUILD"] !== "1") spawnSync("npm", ["run", "build"], { stdio: "inherit" });
  const scratch = mkdtempSync(join(tmpdir(), "uptake-bench-http-"));
  const postgres = await startPostgres({ survivesCrash: true });
  const db = await openPostgres({ url: postgres.url });
  await migrate(db);
  const [postmaster] = await db.query<{ pid: number }>(
    "select (regexp_match(pg_read_file('postmaster.pid'), '^\\d+'))[1]::integer as pid",
  );
  const uptake = await startUptake(postgres.url, scratch);
  const floor = await startFloor(postgres.url);
  const stage: Stage = { db, ids: await prepare(db, uptake), postmasterPid: postmaster?.pid ?? 0 };
  const cases = KINDS.flatMap((kind) =>
    BATCHES.flatMap((batch) => CALLERS.map((callers): Case => ({ kind, batch, callers }))),
  ).filter((one) => options.only === undefined || `${one.kind}:${one.batch}:${one.callers}` === options.only);
  const lines: string[][] = [];
  for (const one of cases) {
    const found = { uptake: [] as Figures[], floor: [] as Figures[] };
    for (let round = 0; round < rounds; round += 1) {
      found.floor.push(await run(floor, one, stage));
      found.uptake.push(await run(uptake, one, stage));
    }
    const of = (figures: readonly Figures[], read: (figure: Figures) => number): number => median(figures.map(read));
    const rate = { uptake: of(found.uptake, (f) => f.perSecond), floor: of(found.floor, (f) => f.perSecond) };
    const cpu = { uptake: of(found.uptake, (f) => f.cpuUs), floor: of(found.floor, (f) => f.cpuUs) };
    const line = [
      `${one.kind}, ${one.batch} at once`,
      String(one.callers),
      rate.floor.toFixed(0),
      rate.uptake.toFixed(0),
      `${((rate.uptake / rate.floor) * 100).toFixed(0)} %`,
      cpu.floor.toFixed(0),
      cpu.uptake.toFixed(0),
      `${(cpu.uptake / cpu.floor).toFixed(2)} ×`,
      of(found.uptake, (f) => f.p99Ms).toFixed(0),
    ];
    console.log(line.join(" | "));
    lines.push(line);
  }
  for (const server of [uptake, floor]) server.stop();
  await db.close();
  await postgres.stop();
  rmSync(scratch, { recursive: true, force: true });
  if (options.only !== undefined) return;
  const head = ["what", "callers", "floor /s", "Uptake /s", "share", "floor CPU µs", "Uptake CPU µs", "CPU", "p99 ms"];
  writeSection("http", [
    "## Over HTTP",
    "",
    `\`npx tsx bench/http.ts${options.quick ? " --quick" : ""}\`: suggestions (2 kB asked, 600 B suggested) and feedback a second, committed when they are answered,`,
    "against bare Node and pg with one multi-row insert a request into a table without triggers. CPU is the server's and Postgres'",
    `together, adding up included, by item; medians of ${rounds} interleaved round${rounds === 1 ? "" : "s"} of ${seconds} s.`,
    "",
    table(head, lines),
  ]);
}

await main();
