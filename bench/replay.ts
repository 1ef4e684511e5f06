// Replays 500 turns of real conversations with the offline model into a fresh embedded database, as a user would
// (`uptake replay`), and watches the process: turns a second, CPU a turn, resident memory over time.
// Run: npx tsx bench/replay.ts FILE.jsonl
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeSection } from "./report.ts";

const TURNS = 500;
const SAMPLE_EVERY_MS = 250;
const CLOCK_TICKS_A_SECOND = 100;

type Sample = { readonly atMs: number; readonly rssMb: number; readonly cpuMs: number };

function sample(pid: number, startedMs: number): Sample | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    const ticks = Number(stat[11]) + Number(stat[12]);
    return {
      atMs: performance.now() - startedMs,
      rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024,
      cpuMs: (ticks * 1000) / CLOCK_TICKS_A_SECOND,
    };
  } catch {
    return undefined;
  }
}

async function replayOnce(file: string): Promise<{ samples: Sample[]; output: string; wallMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), "uptake-bench-"));
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [resolve("dist/cli/main.js"), "replay", file, "--limit", String(TURNS), "--data-dir", join(folder, "data")],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const chunks: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const taken = child.pid === undefined ? undefined : sample(child.pid, startedMs);
    if (taken !== undefined) samples.push(taken);
  }, SAMPLE_EVERY_MS);
  const code = await new Promise((done) => child.on("close", done));
  clearInterval(timer);
  rmSync(folder, { recursive: true, force: true });
  const output = chunks.join("");
  if (code !== 0) throw new Error(`replay ended with ${String(code)}:\n${output}`);
  return { samples, output, wallMs: performance.now() - startedMs };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const file = process.argv[2];
if (file === undefined) throw new Error("usage: npx tsx bench/replay.ts FILE.jsonl");
const rows: string[] = [];
for (let round = 1; round <= 3; round += 1) {
  const { samples, output, wallMs } = await replayOnce(resolve(file));
  process.stdout.write(output);
  const last = samples.at(-1);
  const half = samples.slice(Math.floor(samples.length / 2));
  const peak = Math.max(...samples.map((one) => one.rssMb));
  rows.push(
    `| ${round} | ${(wallMs / 1000).toFixed(1)} | ${((TURNS * 1000) / wallMs).toFixed(0)} | ${((last?.cpuMs ?? Number.NaN) / TURNS).toFixed(1)} | ${median(samples.map((one) => one.rssMb)).toFixed(0)} | ${median(half.map((one) => one.rssMb)).toFixed(0)} | ${peak.toFixed(0)} |`,
  );
}
writeSection("replay", [
  `\`uptake replay\` of ${TURNS} turns with the offline model into a fresh embedded database, start and end of the process included.`,
  "",
  "| round | wall s | turns/s | CPU ms a turn (whole process) | RSS median MB | RSS median of the second half MB | RSS peak MB |",
  "| --: | --: | --: | --: | --: | --: | --: |",
  ...rows,
]);
