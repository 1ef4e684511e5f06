/**
 * How many of the calls that had returned ever arrive, when the backend or the process is in trouble: Uptake in both
 * durabilities beside the SDKs of others at their defaults.
 *
 *     npx tsx bench/loss.ts [--quick] [--only uptake] [--row 500]
 *
 * Every arm is a process of its own that notes each returned call in a file. Backends are sinks on loopback; Uptake's is
 * the stand-in Langfuse, reached through Postgres and a worker process.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startPostgres } from "../test/support/postgres-server.ts";
import { table, writeSection } from "./report.ts";
import { type ArmName, arms } from "./tracking/arm.ts";
import { type LossCase, type LossResult, measureLoss } from "./tracking/loss-run.ts";
import { peerVersions, prepare } from "./tracking/prepare.ts";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, only: { type: "string" }, row: { type: "string" } },
});
const burstCalls = options.quick ? 10_000 : 50_000;
const scale = options.quick ? 0.4 : 1;

/** Rows whose figures do not depend on speed run all their arms at once. */
type Row = { readonly name: string; readonly title: string; readonly what: LossCase; readonly isSideBySide: boolean };

const trouble = (trouble: "500" | "hang" | "refuse", says: string, seconds: number): Row => ({
  name: trouble,
  title: `backend ${says} for ${seconds} s (of the calls made meanwhile)`,
  what: { kind: "trouble", trouble, seconds },
  isSideBySide: true,
});

const rows: readonly Row[] = [
  trouble("500", "answers 500", 10 * scale),
  trouble("hang", "hangs", 15 * scale),
  trouble("refuse", "refuses connections", 10 * scale),
  {
    name: "kill",
    title: "SIGKILL when call 1,000 has returned, at 500 calls a second",
    what: { kind: "kill", rate: 500, after: 1_000 },
    isSideBySide: true,
  },
  {
    name: "flat-out",
    title: "SIGKILL after 5,000 returned, 20 callers flat out",
    what: { kind: "kill-flat-out", atOnce: 20, after: 5_000 },
    isSideBySide: false,
  },
  {
    name: "burst",
    title: `burst of ${burstCalls.toLocaleString("en")} calls by 1,000 callers: arrived`,
    what: { kind: "burst", calls: burstCalls, atOnce: 1_000 },
    isSideBySide: false,
  },
];

/** What sends nothing, and what sends every mark twice, by the same processor as another arm. */
const isNotAsked: ReadonlySet<ArmName> = new Set(["bare", "stringify", "langfuse-agent"]);
const names = (Object.keys(arms) as ArmName[]).filter(
  (name) => !isNotAsked.has(name) && (options.only === undefined || name.includes(options.only)),
);

type Results = ReadonlyMap<ArmName, LossResult>;

async function measureRow(row: Row, serverUrl: string, scratch: string): Promise<Results> {
  const results = new Map<ArmName, LossResult>();
  const measure = async (name: ArmName): Promise<void> => {
    const id = `${name}_${row.name}`.replaceAll("-", "_");
    console.error(`${row.title}: ${name}`);
    const result = await measureLoss(name, row.what, { serverUrl, scratch, id: `loss_${id}` });
    console.error(name, JSON.stringify(result));
    results.set(name, result);
  };
  if (row.isSideBySide) await Promise.all(names.map(measure));
  else for (const name of names) await measure(name);
  return results;
}

const percent = (count: number, of: number): string => {
  if (of === 0) return "–";
  // A lost record is never rounded away.
  const value = (count / of) * 100;
  return count === of ? "100" : Math.min(99.9, value).toFixed(1);
};

function cell(result: LossResult | undefined): string {
  if (result === undefined) return "–";
  const { returnedCount, arrivedCount, storedCount, madeInTrouble, doubledCount } = result;
  const meanwhile = madeInTrouble && ` (${percent(madeInTrouble.arrivedCount, madeInTrouble.returnedCount)})`;
  const stored =
    storedCount === undefined || storedCount === returnedCount
      ? ""
      : `, Postgres ${percent(storedCount, returnedCount)}`;
  const doubled = doubledCount === 0 ? "" : `, ${doubledCount} doubled`;
  return `${percent(arrivedCount, returnedCount)}${meanwhile ?? ""}${stored}${doubled}`;
}

const seconds = (ms: number | undefined): string => {
  if (ms === undefined) return "–";
  return Number.isFinite(ms) ? (ms / 1_000).toFixed(1) : "never";
};

function report(all: ReadonlyMap<Row, Results>): void {
  const lines = [...all].map(([{ title }, results]) => [title, ...names.map((name) => cell(results.get(name)))]);
  const burst = [...all].find(([{ what }]) => what.kind === "burst")?.[1];
  if (burst !== undefined) {
    lines.push(["– peak RSS, MB", ...names.map((name) => burst.get(name)?.peakRssMb.toFixed(0) ?? "–")]);
    lines.push(["– flush, s", ...names.map((name) => seconds(burst.get(name)?.flushMs))]);
  }
  writeSection("loss", [
    "## What is lost",
    "",
    `\`npx tsx bench/loss.ts${options.quick ? " --quick" : ""}\`: of the calls that had returned, the percentage that ever arrived: at the sink for the SDKs, which`,
    "are at their defaults; in the stand-in Langfuse for Uptake, through Postgres and a worker process. What arrived more than once is said.",
    "A hanging backend never answers what it took then. After the calls every SDK was flushed and given the time it",
    "wanted; after a SIGKILL Uptake's application was started once more, which is what reads the spool. In brackets: of the",
    "calls that returned while the backend was in trouble.",
    "",
    `${peerVersions()}.`,
    "",
    table(["% that arrived", ...names.map((name) => arms[name].title)], lines),
  ]);
}

async function main(): Promise<void> {
  prepare();
  const scratch = mkdtempSync(join(tmpdir(), "uptake-loss-"));
  const postgres = await startPostgres();
  try {
    const all = new Map<Row, Results>();
    for (const row of rows) {
      if (options.row === undefined || row.name === options.row) {
        all.set(row, await measureRow(row, postgres.url, scratch));
      }
    }
    report(all);
  } finally {
    await postgres.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
